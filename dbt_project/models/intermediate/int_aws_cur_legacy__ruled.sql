{{ aws_ruled(ref("stg_aws_cur_legacy")) }}
