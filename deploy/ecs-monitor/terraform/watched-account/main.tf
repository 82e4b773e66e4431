# In an account that Tocsin watches from another one: the role that it assumes. Its ARN is role_arn of
# a cluster in tocsin.yml, the external id its external_id.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "monitor_role_arn" {
  description = "task_role_arn of the monitor."
  type        = string
}

variable "external_id" {
  description = "Agreed on with whoever runs the monitor; one of its own for each account."
  type        = string
}

variable "role_name" {
  type    = string
  default = "tocsin-watch"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.monitor_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

data "aws_iam_policy_document" "watch" {
  statement {
    sid       = "Watch"
    actions   = ["ecs:Describe*", "ecs:List*"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "role" {
  name               = var.role_name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "watch" {
  name   = "watch"
  role   = aws_iam_role.role.id
  policy = data.aws_iam_policy_document.watch.json
}

output "role_arn" {
  description = "role_arn in tocsin.yml, and one of watched_role_arns of the monitor."
  value       = aws_iam_role.role.arn
}
