select *, {{ hash_of(["tags", "x_cost_categories"]) }} as tag_set_id,
from {{ source("published", "owners") }}
