{#- The columns of FOCUS 1.2 that hold one of a list of values, with their lists. -#}
{% macro focus_enumerations() %}
    {{
        return(
            {
                "capacity_reservation_status": ["Used", "Unused"],
                "charge_category": [
                    "Usage",
                    "Purchase",
                    "Tax",
                    "Credit",
                    "Adjustment",
                ],
                "charge_class": ["Correction"],
                "charge_frequency": ["One-Time", "Recurring", "Usage-Based"],
                "commitment_discount_category": ["Spend", "Usage"],
                "commitment_discount_status": ["Used", "Unused"],
                "pricing_category": [
                    "Standard",
                    "Dynamic",
                    "Committed",
                    "Other",
                ],
                "service_category": [
                    "AI and Machine Learning",
                    "Analytics",
                    "Business Applications",
                    "Compute",
                    "Databases",
                    "Developer Tools",
                    "Multicloud",
                    "Identity",
                    "Integration",
                    "Internet of Things",
                    "Management and Governance",
                    "Media",
                    "Migration",
                    "Mobile",
                    "Networking",
                    "Security",
                    "Storage",
                    "Web",
                    "Other",
                ],
            }
        )
    }}
{% endmacro %}
