{%- set window = "provider, billing_period, billing_currency, resource_id, charge_start, charge_end, transfer_scope" -%}

with
    pieces as (select * from {{ ref("run_pieces") }}),

    used as (select distinct provider, resource_id, from pieces),

    charges as (
        select
            charges.provider,
            charges.billing_period,
            charges.billing_currency,
            charges.resource_id,
            charges.charge_start,
            charges.charge_end,
            coalesce(charges.transfer_scope, '(unknown)') as transfer_scope,
            sum(charges.billed_cost) as billed_cost,
            sum(charges.gigabytes) as gigabytes,
        from {{ ref("kpi_charges") }} as charges
        inner join
            used
            on used.provider = charges.provider
            and used.resource_id = charges.resource_id
        where charges.is_transfer
        group by
            charges.provider,
            charges.billing_period,
            charges.billing_currency,
            charges.resource_id,
            charges.charge_start,
            charges.charge_end,
            coalesce(charges.transfer_scope, '(unknown)')
    ),

    windows as (
        select
            *,
            unnest(
                range(date_trunc('day', charge_start), charge_end, interval 1 day)
            ) as flow_day,
        from charges
    ),

    -- Bytes within a zone are not billed.
    flows as (
        select
            flows.provider,
            flows.resource_id,
            flows.bucket_start,
            date_trunc('day', flows.bucket_start) as flow_day,
            flows.source_zone,
            flows.destination_zone,
            -- us-east-1a and use1-az1 of AWS, europe-west4-b of Google, eastus-1 of
            -- Azure; what is
            -- none of them is taken for a region.
            {% for end in ["source", "destination"] %}
                case
                    when
                        regexp_matches(
                            flows.{{ end }}_zone, '^[a-z]+(-[a-z]+)+-[0-9]+[a-z]$'
                        )
                    then
                        substr(
                            flows.{{ end }}_zone, 1, length(flows.{{ end }}_zone) - 1
                        )
                    when regexp_matches(flows.{{ end }}_zone, '^[a-z]+[0-9]+-az[0-9]$')
                    then
                        substr(
                            flows.{{ end }}_zone, 1, length(flows.{{ end }}_zone) - 4
                        )
                    when
                        regexp_matches(
                            flows.{{ end }}_zone,
                            '^([a-z]+-[a-z]+[0-9]+-[a-z]|[a-z]+[a-z0-9]*-[0-9])$'
                        )
                    then
                        substr(
                            flows.{{ end }}_zone, 1, length(flows.{{ end }}_zone) - 2
                        )
                    else flows.{{ end }}_zone
                end as {{ end }}_region,
            {% endfor %}
            {{ quotient("flows.bytes", "1048576") }} as flow_mb,
        from {{ ref("stg_telemetry_network_flows") }} as flows
        inner join
            used
            on used.provider = flows.provider
            and used.resource_id = flows.resource_id
        where flows.source_zone <> flows.destination_zone and flows.bytes > 0
    ),

    scoped_flows as (
        select
            *,
            case
                when source_zone = 'internet' or destination_zone = 'internet'
                then 'internet'
                when source_region = destination_region
                then 'zone'
                else 'region'
            end as flow_scope,
        from flows
    ),

    met as (
        select
            windows.provider,
            windows.billing_period,
            windows.billing_currency,
            windows.resource_id,
            windows.charge_start,
            windows.charge_end,
            windows.transfer_scope,
            windows.billed_cost,
            windows.gigabytes,
            windows.flow_day,
            flows.bucket_start,
            flows.source_zone,
            flows.destination_zone,
            flows.flow_mb,
            windows.transfer_scope = flows.flow_scope as is_of_scope,
        from windows
        inner join
            scoped_flows as flows
            on flows.provider = windows.provider
            and flows.resource_id = windows.resource_id
            and flows.flow_day = windows.flow_day
            and flows.bucket_start >= windows.charge_start
            and flows.bucket_start < windows.charge_end
    ),

    -- A price for bytes to the internet is of the flows there, if there are any; a
    -- meter may
    -- say less, or something else, than the flows.
    matched as (
        select *,
        from met
        qualify is_of_scope or max(is_of_scope) over (partition by {{ window }}) = false
    ),

    totals as (
        select {{ window }}, sum(flow_mb) as flow_mb, from matched group by {{ window }}
    ),

    run_flows as (
        select
            matched.*,
            pieces.run_id,
            pieces.place,
            pieces.run_count,
            date_diff(
                'second',
                greatest(pieces.piece_start, matched.bucket_start),
                least(pieces.piece_end, matched.bucket_start + interval 1 hour)
            ) as seconds,
        from matched
        inner join
            pieces
            on pieces.provider = matched.provider
            and pieces.resource_id = matched.resource_id
            and pieces.piece_day = matched.flow_day
            and pieces.piece_start < matched.bucket_start + interval 1 hour
            and pieces.piece_end > matched.bucket_start
    ),

    weighted as (
        select
            *,
            case
                when run_count = 1 and seconds = 3600
                then flow_mb
                else
                    {{ quotient("flow_mb * seconds * place", "run_count * 3600") }}
                    - {{
                        quotient(
                            "flow_mb * seconds * (place - 1)", "run_count * 3600"
                        )
                    }}
            end as weight,
        from run_flows
    ),

    run_weights as (
        select
            {{ window }},
            run_id,
            source_zone,
            destination_zone,
            max(billed_cost) as billed_cost,
            max(gigabytes) as gigabytes,
            sum(weight) as weight,
        from weighted
        group by {{ window }}, run_id, source_zone, destination_zone
    ),

    placed as (
        select
            run_weights.*,
            totals.flow_mb,
            sum(run_weights.weight) over (
                partition by
                    run_weights.provider,
                    run_weights.billing_period,
                    run_weights.billing_currency,
                    run_weights.resource_id,
                    run_weights.charge_start,
                    run_weights.charge_end,
                    run_weights.transfer_scope
                order by
                    run_weights.run_id,
                    run_weights.source_zone,
                    run_weights.destination_zone
            ) as until,
        from run_weights
        inner join
            totals
            on totals.provider = run_weights.provider
            and totals.billing_period = run_weights.billing_period
            and totals.billing_currency = run_weights.billing_currency
            and totals.resource_id = run_weights.resource_id
            and totals.charge_start = run_weights.charge_start
            and totals.charge_end = run_weights.charge_end
            and totals.transfer_scope = run_weights.transfer_scope
    ),

    parts as (
        select
            provider,
            billing_period,
            billing_currency,
            run_id,
            source_zone,
            destination_zone,
            {{ part_until("billed_cost", "until", "weight", "flow_mb") }}
            as billed_cost,
            {{ part_until("gigabytes", "until", "weight", "flow_mb") }} as gigabytes,
        from placed
    )

select
    provider,
    billing_period,
    billing_currency,
    run_id,
    source_zone,
    destination_zone,
    cast(sum(billed_cost) as {{ var("money_type") }}) as billed_cost,
    cast(sum(gigabytes) as {{ var("money_type") }}) as gigabytes,
from parts
group by
    provider, billing_period, billing_currency, run_id, source_zone, destination_zone
