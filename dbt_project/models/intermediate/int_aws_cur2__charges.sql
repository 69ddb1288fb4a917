{{ aws_charges("aws_cur2") }}
