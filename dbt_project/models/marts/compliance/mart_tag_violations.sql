with
    charge_sums as (select * from {{ ref("charge_sums") }}),

    resource_sums as (select * from {{ ref("resource_resolutions") }}),

    details as (
        select * from {{ ref("focus_charge_details") }} where {{ is_in_scope() }}
    ),

    resolutions as (select * from {{ ref("tag_resolutions") }}),

    tag_set_values as (select * from {{ ref("tag_set_values") }}),

    resolution_values as (select * from {{ ref("tag_resolution_values") }}),

    allowed_values as (select * from {{ ref("tag_values_in_use") }}),

    -- What an account's charges mostly say of a key, by cost.
    account_values as (
        select
            spent.provider,
            spent.billing_period,
            spent.sub_account_id,
            tag_set_values.tag_key,
            tag_set_values.dimension,
            tag_set_values.own_value,
            sum(spent.effective_cost) as effective_cost,
        from
            (
                select
                    charge_sums.provider,
                    charge_sums.billing_period,
                    coalesce(details.sub_account_id, '(none)') as sub_account_id,
                    charge_sums.tag_set_id,
                    sum(charge_sums.effective_cost) as effective_cost,
                from charge_sums
                inner join
                    details
                    on details.provider = charge_sums.provider
                    and details.billing_period = charge_sums.billing_period
                    and details.x_details_id = charge_sums.x_details_id
                group by
                    charge_sums.provider,
                    charge_sums.billing_period,
                    coalesce(details.sub_account_id, '(none)'),
                    charge_sums.tag_set_id
            ) as spent
        inner join
            tag_set_values
            on tag_set_values.provider = spent.provider
            and tag_set_values.billing_period = spent.billing_period
            and tag_set_values.tag_set_id = spent.tag_set_id
        where tag_set_values.own_value is not null
        group by
            spent.provider,
            spent.billing_period,
            spent.sub_account_id,
            tag_set_values.tag_key,
            tag_set_values.dimension,
            tag_set_values.own_value
    ),

    account_favourites as (
        select
            provider,
            billing_period,
            sub_account_id,
            tag_key,
            dimension,
            -- Of equal costs the first by name, so that every run agrees.
            arg_max(own_value, row(effective_cost, own_value)) as own_value,
        from account_values
        group by provider, billing_period, sub_account_id, tag_key, dimension
    ),

    nearest_values as (
        select
            wrong.tag_key,
            wrong.found_value,
            arg_min(
                allowed_values.tag_value,
                row(
                    {{
                        edit_distance(
                            "lower(wrong.found_value)",
                            "lower(allowed_values.tag_value)",
                        )
                    }},
                    allowed_values.tag_value
                )
            ) as tag_value,
        from
            (
                select distinct tag_key, found_value,
                from tag_set_values
                where tag_status = 'wrong_value'
            ) as wrong
        inner join
            allowed_values
            on allowed_values.tag_key = wrong.tag_key
            -- Near enough is a third of the value, at most. A text of kilobytes is
            -- near nothing, which its length says at once.
            and abs(length(allowed_values.tag_value) - length(wrong.found_value)) * 3
            <= greatest(3, length(allowed_values.tag_value))
            and {{
                edit_distance(
                    "lower(wrong.found_value)", "lower(allowed_values.tag_value)"
                )
            }} * 3 <= greatest(3, length(allowed_values.tag_value))
        group by wrong.tag_key, wrong.found_value
    ),

    -- What the tags said on the last day is what is to be repaired; on a day with
    -- several answers, the one with most cost.
    resources as (
        select
            resource_sums.provider,
            resource_sums.billing_period,
            details.billing_currency,
            details.sub_account_id,
            resource_sums.resource_id,
            arg_max(
                struct_pack(
                    details_id := resource_sums.x_details_id,
                    resolution_id := resource_sums.resolution_id
                ),
                struct_pack(
                    last_date := resource_sums.last_date,
                    effective_cost := resource_sums.effective_cost,
                    details_id := resource_sums.x_details_id,
                    resolution_id := resource_sums.resolution_id
                )
            ) as last_state,
            min(resource_sums.first_date) as first_seen,
            max(resource_sums.last_date) as last_seen,
            sum(resource_sums.billed_cost) as billed_cost,
            sum(resource_sums.effective_cost) as effective_cost,
        from resource_sums
        inner join
            details
            on details.provider = resource_sums.provider
            and details.billing_period = resource_sums.billing_period
            and details.x_details_id = resource_sums.x_details_id
        group by
            resource_sums.provider,
            resource_sums.billing_period,
            details.billing_currency,
            details.sub_account_id,
            resource_sums.resource_id
    ),

    -- What is amiss with the charges of a resolution, and what could be
    -- said instead.
    faults as (
        select
            resolutions.provider,
            resolutions.billing_period,
            resolutions.resolution_id,
            tag_set_values.tag_key,
            tag_set_values.tag_status,
            tag_set_values.found_key,
            tag_set_values.found_value,
            tag_set_values.own_value,
            nearest_values.tag_value as nearest_value,
            resolution_values.tag_value as resolved_value,
            resolution_values.value_source,
            coalesce(
                resolutions.cost_center, '{{ var("unallocated") }}'
            ) as cost_center,
            resolutions.owner,
            resolutions.has_ambiguous_parent,
        from resolutions
        inner join
            tag_set_values
            on tag_set_values.provider = resolutions.provider
            and tag_set_values.billing_period = resolutions.billing_period
            and tag_set_values.tag_set_id = resolutions.tag_set_id
            and (
                tag_set_values.tag_status in ('misspelt', 'wrong_value')
                or (
                    tag_set_values.tag_status = 'missing'
                    and list_contains(
                        {{ list_of_text("resolutions.required_keys") }},
                        tag_set_values.tag_key
                    )
                )
            )
        left join
            resolution_values
            on resolution_values.provider = resolutions.provider
            and resolution_values.billing_period = resolutions.billing_period
            and resolution_values.resolution_id = resolutions.resolution_id
            and resolution_values.tag_key = tag_set_values.tag_key
        left join
            nearest_values
            on nearest_values.tag_key = tag_set_values.tag_key
            and nearest_values.found_value = tag_set_values.found_value
            and tag_set_values.tag_status = 'wrong_value'
    )

select
    resources.billing_period,
    resources.provider,
    resources.billing_currency,
    coalesce(resources.sub_account_id, '(none)') as sub_account_id,
    coalesce(details.sub_account_name, '(none)') as sub_account_name,
    details.service_name,
    coalesce(details.region_id, '(none)') as region_id,
    resources.resource_id,
    faults.tag_key,
    faults.tag_status,
    coalesce(faults.found_key, '(none)') as found_key,
    coalesce(faults.found_value, '(none)') as found_value,
    coalesce(
        faults.own_value,
        faults.nearest_value,
        faults.resolved_value,
        case when not faults.has_ambiguous_parent then favourites.own_value end,
        '(none)'
    ) as suggested_value,
    case
        when faults.own_value is not null
        then 'spelling'
        when faults.nearest_value is not null
        then 'nearest'
        when faults.resolved_value is not null
        then faults.value_source
        when faults.has_ambiguous_parent
        then 'ambiguous_parent'
        when favourites.own_value is not null
        then 'account'
        else '(none)'
    end as suggested_by,
    faults.cost_center,
    coalesce(faults.owner, owners.own_value, '(none)') as likely_owner,
    resources.first_seen,
    resources.last_seen,
    resources.billed_cost,
    resources.effective_cost,
from resources
inner join
    faults
    on faults.provider = resources.provider
    and faults.billing_period = resources.billing_period
    and faults.resolution_id = resources.last_state.resolution_id
inner join
    details
    on details.provider = resources.provider
    and details.billing_period = resources.billing_period
    and details.x_details_id = resources.last_state.details_id
left join
    account_favourites as favourites
    on favourites.provider = resources.provider
    and favourites.billing_period = resources.billing_period
    and favourites.sub_account_id = coalesce(resources.sub_account_id, '(none)')
    and favourites.tag_key = faults.tag_key
left join
    account_favourites as owners
    on owners.provider = resources.provider
    and owners.billing_period = resources.billing_period
    and owners.sub_account_id = coalesce(resources.sub_account_id, '(none)')
    and owners.dimension = 'owner'
