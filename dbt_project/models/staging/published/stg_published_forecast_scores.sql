select *, from {{ source("published", "mart_forecast_scores") }}
