{{ aws_charge_details("aws_cur2") }}
