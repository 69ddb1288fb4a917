{{ aws_uncancelled_negations(ref("int_aws_cur_legacy__ruled")) }}
