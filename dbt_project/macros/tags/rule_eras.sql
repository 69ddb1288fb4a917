{#-
    Each day of `days` (a relation with `charge_date`, which `rules` is in scope of) with the last day on or before it on
    which a rule begins or ends: days of one era have the same rules.
-#}
{% macro rule_eras(days) %}
    select
        days.charge_date,
        coalesce(
            max(turns.turn_date) filter (where turns.turn_date <= days.charge_date),
            date '0001-01-01'
        ) as rule_era,
    from (select distinct charge_date, from {{ days }}) as days
    left join
        (
            select from_date as turn_date,
            from rules
            where from_date is not null
            union
            select to_date as turn_date,
            from rules
            where to_date is not null
        ) as turns
        on true
    group by days.charge_date
{% endmacro %}
