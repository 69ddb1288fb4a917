{#-
    FOCUS ResourceType of a GCP row, as Google's asset types name it (`compute.googleapis.com/Instance`): the service's host and
    the kind in the resource's full name, `//compute.googleapis.com/projects/1/zones/europe-west1-b/instances/4711`, which some
    exports write in the singular. A full name may tell no kind (`//storage.googleapis.com/bucket`,
    `…/locations/us-central1/trainer-1`): that of a machine's cores or of a bucket follows from the service, else the
    service's name stands for it. Null without a resource.
-#}
{% macro gcp_resource_type() -%}
    {%- set kind = (
        "regexp_extract(resource_global_name, '/([A-Za-z]+)/[^/]+/*$', 1)"
    ) -%}
    {%- set singular -%}
    case
        when {{ kind }} like '%ies'
        then substr({{ kind }}, 1, length({{ kind }}) - 3) || 'y'
        when {{ kind }} like '%sses' or {{ kind }} like '%xes' or {{ kind }} like '%ches'
        then substr({{ kind }}, 1, length({{ kind }}) - 2)
        when {{ kind }} like '%s' and {{ kind }} not like '%ss'
        then substr({{ kind }}, 1, length({{ kind }}) - 1)
        else {{ kind }}
    end
    {%- endset -%}
    case
        when coalesce(resource_global_name, resource_name) is null
        then null
        when
            {{ kind }} <> ''
            and not regexp_matches(
                resource_global_name, '/(locations|regions|zones)/[^/]+/[^/]+/*$'
            )
        then
            regexp_extract(resource_global_name, '^//([^/]+)/', 1)
            || '/'
            || upper(substr({{ singular }}, 1, 1))
            || substr({{ singular }}, 2)
        when
            service_description = 'Compute Engine'
            and regexp_matches(sku_description, '(?i)\b(core|ram|gpu)\b')
        then 'compute.googleapis.com/Instance'
        when service_description = 'Cloud Storage'
        then 'storage.googleapis.com/Bucket'
        else coalesce(service_description, 'Resource')
    end
{%- endmacro %}
