select
    *,
    {{
        hash_of(
            [
                "source",
                "bill_payer_account_id",
                "line_item_currency_code",
                "savings_plan_id",
            ]
        )
    }} as x_details_id,
from ({{ aws_uncancelled_negations(ref("int_aws_cur2__ruled")) }})
