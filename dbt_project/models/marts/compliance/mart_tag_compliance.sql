with
    charge_sums as (select * from {{ ref("charge_sums") }}),

    resource_sums as (select * from {{ ref("resource_resolutions") }}),

    details as (
        select * from {{ ref("focus_charge_details") }} where {{ is_in_scope() }}
    ),

    resolutions as (select * from {{ ref("tag_resolutions") }}),

    tag_set_values as (select * from {{ ref("tag_set_values") }}),

    -- Sets of tags that say the same of every key are one from here on.
    states as (
        select distinct
            resolutions.provider,
            resolutions.billing_period,
            resolutions.tag_state_id,
            tag_set_values.tag_key,
            tag_set_values.tag_status,
        from resolutions
        inner join
            tag_set_values
            on tag_set_values.provider = resolutions.provider
            and tag_set_values.billing_period = resolutions.billing_period
            and tag_set_values.tag_set_id = resolutions.tag_set_id
    ),

    {% for kind, sums in [("charge", "charge_sums"), ("resource", "resource_sums")] %}
        {{ kind }}_states as (
            select
                details.billing_period,
                details.provider,
                details.billing_currency,
                coalesce(details.sub_account_id, '(none)') as sub_account_id,
                coalesce(details.sub_account_name, '(none)') as sub_account_name,
                details.service_name,
                coalesce(
                    resolutions.cost_center, '{{ var("unallocated") }}'
                ) as cost_center,
                resolutions.tag_state_id,
                resolutions.required_keys,
                {% if kind == "charge" %}
                    charge_sums.charge_date,
                    sum(charge_sums.charge_count) as charge_count,
                    0 as resource_count,
                    sum(charge_sums.billed_cost) as billed_cost,
                    sum(charge_sums.effective_cost) as effective_cost,
                {% else %}
                    resource_sums.resource_id,
                    min(resource_sums.first_date) as charge_date,
                {% endif %}
            from {{ sums }}
            inner join
                details
                on details.provider = {{ sums }}.provider
                and details.billing_period = {{ sums }}.billing_period
                and details.x_details_id = {{ sums }}.x_details_id
            inner join
                resolutions
                on resolutions.provider = {{ sums }}.provider
                and resolutions.billing_period = {{ sums }}.billing_period
                and resolutions.resolution_id = {{ sums }}.resolution_id
            group by all
        ),
    {% endfor %}

    summed as (
        select
            * exclude (charge_count, resource_count, billed_cost, effective_cost),
            sum(charge_count) as charge_count,
            sum(resource_count) as resource_count,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
        from
            (
                select *
                from charge_states
                union all
                select
                    * exclude (resource_id),
                    0 as charge_count,
                    1 as resource_count,
                    0 as billed_cost,
                    0 as effective_cost,
                from resource_states
            )
        group by all
    )

select
    summed.billing_period,
    summed.provider,
    summed.billing_currency,
    summed.charge_date,
    states.tag_key,
    states.tag_status,
    list_contains(
        {{ list_of_text("summed.required_keys") }}, states.tag_key
    ) as is_required,
    summed.sub_account_id,
    summed.sub_account_name,
    summed.service_name,
    summed.cost_center,
    cast(sum(summed.charge_count) as bigint) as charge_count,
    cast(sum(summed.resource_count) as bigint) as resource_count,
    sum(summed.billed_cost) as billed_cost,
    sum(summed.effective_cost) as effective_cost,
from summed
inner join
    states
    on states.provider = summed.provider
    and states.billing_period = summed.billing_period
    and states.tag_state_id = summed.tag_state_id
group by all
