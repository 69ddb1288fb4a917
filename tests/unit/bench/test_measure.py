"""The bench reads which columns a build decodes from the staging model, so that its ratio stays what it says."""

from tests.bench.measure import staged


def test_the_bench_finds_the_columns_that_staging_reads() -> None:
    columns = staged("text_columns", "account_ids", "counts", "amounts", "moments")

    assert {"line_item_usage_start_date", "bill_payer_account_id", "line_item_unblended_cost"} <= set(columns)
    assert len(columns) == len(set(columns))
    assert not [column for column in columns if column.startswith("split_line_item_")]
