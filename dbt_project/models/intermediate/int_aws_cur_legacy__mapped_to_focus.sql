{{ aws_mapped_to_focus(ref("stg_aws_cur_legacy"), "aws_cur_legacy") }}
