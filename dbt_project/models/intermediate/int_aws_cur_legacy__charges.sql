{{ aws_charges("aws_cur_legacy") }}
