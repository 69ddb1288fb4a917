{#-
    The parents of the charges in `sums` (a relation with a set of tags and details; `detail_rules` and `tag_set_parents`
    are in scope of it): per set of tags, account and region the sets of tags that the parents carry, as text separated by
    commas in the order of the declarations; `?` for one that several resources could be. Of several resources the nearest
    counts: of the same account and region, then of the same account, then any. Who carries the same set inherits nothing.
-#}
{% macro parents_of(sums) %}
    select
        provider,
        billing_period,
        tag_set_id,
        sub_account_id,
        region_id,
        string_agg(parent, ',' order by parent_order) as parents,
    from
        (
            select
                provider,
                billing_period,
                tag_set_id,
                sub_account_id,
                region_id,
                parent_order,
                case
                    when count(distinct row(parent_account_id, resource_id)) > 1
                    then '?'
                    else cast(min(parent_tag_set_id) as varchar)
                end as parent,
            from
                (
                    select
                        charged.*,
                        candidates.parent_order,
                        candidates.sub_account_id as parent_account_id,
                        candidates.resource_id,
                        candidates.parent_tag_set_id,
                        case
                            when
                                candidates.sub_account_id
                                is distinct from charged.sub_account_id
                            then 2
                            when candidates.region_id is distinct from charged.region_id
                            then 1
                            else 0
                        end as distance,
                        min(distance) over (
                            partition by
                                charged.provider,
                                charged.billing_period,
                                charged.tag_set_id,
                                charged.sub_account_id,
                                charged.region_id,
                                candidates.parent_order
                        ) as least_distance,
                    from
                        (
                            select distinct
                                sums.provider,
                                sums.billing_period,
                                sums.tag_set_id,
                                detail_rules.sub_account_id,
                                detail_rules.region_id,
                            from {{ sums }} as sums
                            inner join
                                detail_rules
                                on detail_rules.provider = sums.provider
                                and detail_rules.billing_period = sums.billing_period
                                and detail_rules.x_details_id = sums.x_details_id
                            where
                                sums.tag_set_id
                                in (select tag_set_id, from tag_set_parents)
                        ) as charged
                    inner join
                        tag_set_parents as candidates
                        on candidates.provider = charged.provider
                        and candidates.billing_period = charged.billing_period
                        and candidates.tag_set_id = charged.tag_set_id
                )
            where distance = least_distance
            group by
                provider,
                billing_period,
                tag_set_id,
                sub_account_id,
                region_id,
                parent_order
        )
    where parent <> cast(tag_set_id as varchar)
    group by provider, billing_period, tag_set_id, sub_account_id, region_id
{% endmacro %}
