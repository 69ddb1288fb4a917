-- Who reads what of the served schema. Run it as an administrator after the first `finops serve publish`, with names
-- of your own; `finops serve grant` does the same for a user who may make roles. A role sees the rows of the cost
-- centres listed for it; NULL stands for everything. The right to select follows at the next `finops serve publish`.

-- Group roles: nobody signs in as one. finops_finance is listed as reading everything from the start.
do $$
declare
    group_role text;
begin
    foreach group_role in array array['finops_finance', 'finops_research'] loop
        if not exists (select from pg_roles where rolname = group_role) then
            execute format('create role %I nologin', group_role);
        end if;
    end loop;
end
$$;

insert into finops.audiences (role_name, cost_center)
values ('finops_research', 'cc-1001')
on conflict do nothing;

-- A BI tool signs in as a member; give it a password of its own with \password, or another way to sign in.
create role bi_research login;
grant finops_research to bi_research;
