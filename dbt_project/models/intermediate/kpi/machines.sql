{{ config(relation_type="view") }}

{#-
    A price that is more than threefold the seed's, or less than a third of it, is a list that was read wrongly, and no price to
    compare types by. Where the seed has none, some other type of the provider with GPUs, or without, must cost as much for
    each processor, threefold or a third of it at most.
-#}
{%- set most = 3 -%}

with
    compared as (
        select
            types.provider,
            types.instance_type,
            landed.price_per_hour,
            landed.price_source,
            landed.priced_on,
            coalesce(landed.vcpus, types.vcpus) = types.vcpus
            and coalesce(landed.gpus, types.gpus, 0) = coalesce(types.gpus, 0)
            and case
                when types.price_per_hour is null
                then
                    exists (
                        select 1
                        from {{ ref("machine_types") }} as others
                        where
                            others.provider = types.provider
                            and (others.gpus is null) = (types.gpus is null)
                            and landed.price_per_hour * others.vcpus
                            <= {{ most }} * others.price_per_hour * types.vcpus
                            and {{ most }} * landed.price_per_hour * others.vcpus
                            >= others.price_per_hour * types.vcpus
                    )
                else
                    landed.price_per_hour <= {{ most }} * types.price_per_hour
                    and {{ most }} * landed.price_per_hour >= types.price_per_hour
            end as is_plausible,
        from {{ ref("machine_types") }} as types
        inner join
            {{ ref("landed_prices") }} as landed
            on landed.provider = types.provider
            and landed.instance_type = types.instance_type
        -- A price that is older than the seed's says less than it.
        where coalesce(landed.priced_on >= types.priced_on, true)
    )

select
    types.* exclude (price_per_hour, price_source, priced_on),
    case
        when compared.is_plausible
        then compared.price_per_hour
        else types.price_per_hour
    end as price_per_hour,
    case
        when compared.is_plausible then compared.price_source else types.price_source
    end as price_source,
    case
        when compared.is_plausible then compared.priced_on else types.priced_on
    end as priced_on,
    case
        when not compared.is_plausible then compared.price_per_hour
    end as set_aside_price,
from {{ ref("machine_types") }} as types
left join
    compared
    on compared.provider = types.provider
    and compared.instance_type = types.instance_type
