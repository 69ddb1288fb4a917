{#-
    FOCUS SkuPriceDetails of an AWS line: the properties FOCUS names under its keys, AWS's own under `x_`. The operating
    system follows from the operation's code (AWS billing code of the platform), the storage class from the usage type,
    what the machine has from the seed `machine_types`: CUR 2.0 tells it in the `product` map alone, which costs as
    much to open as all else that is read of a line. A cache keeps some of its machine's memory to itself.
-#}
{% macro aws_price_details() -%}
    {%- set operating_system -%}
    case
        when line_item_product_code <> 'AmazonEC2' or instance_type is null
        then null
        when line_item_operation like 'RunInstances:0_02%'
            or line_item_operation like 'RunInstances:0006%'
            or line_item_operation like 'RunInstances:0800%'
        then 'Windows'
        when line_item_operation like 'RunInstances%'
        then 'Linux'
    end
    {%- endset -%}
    {%- set memory_size -%}
    case
        when line_item_product_code
            not in ('AmazonDAX', 'AmazonElastiCache', 'AmazonMemoryDB')
        then cast(memory_gib as json)
    end
    {%- endset -%}
    {%- set storage_class -%}
    case
        when line_item_product_code <> 'AmazonS3'
        then null
        when line_item_usage_type like '%TimedStorage-ByteHrs'
        then 'Standard'
        when line_item_usage_type like '%TimedStorage-INT-%'
        then 'Intelligent-Tiering'
        when line_item_usage_type like '%TimedStorage-SIA-%'
        then 'Standard-Infrequent Access'
        when line_item_usage_type like '%TimedStorage-ZIA-%'
        then 'One Zone-Infrequent Access'
        when line_item_usage_type like '%TimedStorage-GIR-%'
        then 'Glacier Instant Retrieval'
        when line_item_usage_type like '%TimedStorage-GDA-%'
        then 'Glacier Deep Archive'
        when line_item_usage_type like '%TimedStorage-Glacier%'
        then 'Glacier Flexible Retrieval'
    end
    {%- endset -%}
    {{
        json_object_of(
            [
                ("InstanceType", "instance_type"),
                ("InstanceSeries", "split_part(machine_type, '.', 1)"),
                ("CoreCount", "core_count"),
                ("GpuCount", "gpu_count"),
                ("MemorySize", memory_size),
                ("OperatingSystem", operating_system),
                ("StorageClass", storage_class),
                ("x_InstanceFamily", "nullif(product_instance_family, '')"),
                ("x_ProductFamily", "nullif(product_product_family, '')"),
            ]
        )
    }}
{%- endmacro %}
