select *, from {{ source("kpi", "targets") }}
