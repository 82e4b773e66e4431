# The table of Tocsin's timers with its index by deadline, and the least that a process which serves
# them may do. docs/timers-dynamodb.md explains both.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "table_name" {
  description = "Name of the table."
  type        = string
  default     = "tocsin-timers"
}

variable "point_in_time_recovery" {
  description = "Whether the table can be set back to any moment of the last 35 days."
  type        = bool
  default     = true
}

resource "aws_dynamodb_table" "timers" {
  name                        = var.table_name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "Timer"
  deletion_protection_enabled = true

  attribute {
    name = "Timer"
    type = "S"
  }
  attribute {
    name = "DueShard"
    type = "S"
  }
  attribute {
    name = "Due"
    type = "N"
  }

  # Sparse: only timers that people wait for, and whose expiry is not told, have these attributes.
  global_secondary_index {
    name            = "Due"
    hash_key        = "DueShard"
    range_key       = "Due"
    projection_type = "ALL"
  }

  # Written as the end of a timer plus keep_expired.
  ttl {
    attribute_name = "Expires"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }
  server_side_encryption {
    enabled = true
  }
  lifecycle {
    prevent_destroy = true
  }
}

data "aws_iam_policy_document" "serving" {
  statement {
    sid       = "Timers"
    actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"]
    resources = [aws_dynamodb_table.timers.arn]
  }
  # Not needed by a process that announces nothing.
  statement {
    sid       = "Expiries"
    actions   = ["dynamodb:DeleteItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.timers.arn]
  }
  statement {
    sid       = "Deadlines"
    actions   = ["dynamodb:Query"]
    resources = ["${aws_dynamodb_table.timers.arn}/index/Due"]
  }
}

# For the role of the process: an ECS task role, an instance profile, a pod's role.
resource "aws_iam_policy" "serving" {
  name_prefix = "${var.table_name}-serving-"
  description = "What a Tocsin process that serves timers may do with their table."
  policy      = data.aws_iam_policy_document.serving.json
}

output "table_name" {
  description = "For timers.store.dynamodb.table, or the second argument of `tocsin timers`."
  value       = aws_dynamodb_table.timers.name
}

output "serving_policy_arn" {
  description = "To be attached to the role of the process."
  value       = aws_iam_policy.serving.arn
}
