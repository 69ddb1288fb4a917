select *, from {{ source("kpi", "freshness") }}
