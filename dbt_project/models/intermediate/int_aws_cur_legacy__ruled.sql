{{ aws_ruled(ref("int_aws_cur_legacy__lines")) }}
