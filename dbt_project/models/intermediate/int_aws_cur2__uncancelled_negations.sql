{{ aws_uncancelled_negations(ref("int_aws_cur2__ruled")) }}
