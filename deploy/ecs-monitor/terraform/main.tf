# Tocsin as one Fargate task that watches ECS: its configuration from a secret, its store on an
# encrypted file system. What it may do is in policies.tf; docs/mona.md explains how to use it.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90"
    }
  }
}

data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

# --- who reaches what: nobody reaches the task ---
resource "aws_security_group" "task" {
  name_prefix = "${var.name}-task-"
  description = "Tocsin monitor, nothing in, HTTPS out"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.task.id
  description       = "AWS and Slack"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "store" {
  security_group_id            = aws_security_group.task.id
  description                  = "the store"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.store.id
}

resource "aws_security_group" "store" {
  name_prefix = "${var.name}-store-"
  description = "Store of the Tocsin monitor"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "store" {
  security_group_id            = aws_security_group.store.id
  description                  = "the monitor"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.task.id
}

# --- the store: what was told and what waits outlives every task ---
resource "aws_efs_file_system" "files" {
  encrypted = true
  tags      = { Name = var.name }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_efs_backup_policy" "files" {
  file_system_id = aws_efs_file_system.files.id
  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "files" {
  for_each        = toset(var.subnet_ids)
  file_system_id  = aws_efs_file_system.files.id
  subnet_id       = each.value
  security_groups = [aws_security_group.store.id]
}

resource "aws_efs_access_point" "store" {
  file_system_id = aws_efs_file_system.files.id
  posix_user {
    uid = 10001
    gid = 10001
  }
  root_directory {
    path = "/tocsin"
    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0700"
    }
  }
}

resource "aws_cloudwatch_log_group" "log" {
  name_prefix       = "/${var.name}/"
  retention_in_days = var.log_retention_days
}

# --- the task ---
locals {
  # The configuration is not left in the environment, where a command would inherit it.
  start = join(" && ", [
    "umask 077",
    "printf '%s\\n' \"$TOCSIN_YML\" > tocsin.yml",
    "unset TOCSIN_YML",
    "exec /usr/bin/tocsin run -c tocsin.yml",
  ])
  port = coalesce(var.health_port, 0)
  alive = join(" && ", [
    "exec 3<>/dev/tcp/127.0.0.1/${local.port}",
    "printf 'GET /healthz HTTP/1.0\\r\\nHost: 127.0.0.1:${local.port}\\r\\n\\r\\n' >&3",
    "read -r line <&3",
    "[[ $line == *' 200 '* ]]",
  ])
}

resource "aws_ecs_task_definition" "tocsin" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  volume {
    name = "store"
    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.files.id
      transit_encryption = "ENABLED"
      authorization_config {
        access_point_id = aws_efs_access_point.store.id
        iam             = "DISABLED"
      }
    }
  }

  container_definitions = jsonencode([{
    name                   = "tocsin"
    image                  = var.image
    essential              = true
    user                   = "10001:10001"
    workingDirectory       = "/var/lib/tocsin"
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    mountPoints = [{
      sourceVolume = "store", containerPath = "/var/lib/tocsin", readOnly = false
    }]
    entryPoint = ["sh", "-c"]
    command    = [local.start]
    secrets = concat(
      [{ name = "TOCSIN_YML", valueFrom = var.configuration_arn }],
      [for name, arn in var.secrets : { name = name, valueFrom = arn }],
    )
    # What is in flight is recorded and the store is closed before the next task opens it.
    stopTimeout = 60
    healthCheck = var.health_port == null ? null : {
      command     = ["CMD", "bash", "-c", local.alive]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 120
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.log.name
        awslogs-region        = data.aws_region.here.name
        awslogs-stream-prefix = "tocsin"
      }
    }
  }])
}

resource "aws_ecs_service" "tocsin" {
  name             = var.name
  cluster          = var.cluster
  task_definition  = aws_ecs_task_definition.tocsin.arn
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  # One store, one process: the old task ends before the new one starts.
  desired_count                      = 1
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  availability_zone_rebalancing      = "DISABLED"
  enable_execute_command             = false

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = var.assign_public_ip
  }
  depends_on = [
    aws_efs_mount_target.files,
    aws_vpc_security_group_egress_rule.store,
    aws_vpc_security_group_ingress_rule.store,
  ]
}

output "task_role_arn" {
  description = "monitor_role_arn of watched-account in each other account."
  value       = aws_iam_role.task.arn
}

output "log_group" {
  value = aws_cloudwatch_log_group.log.name
}
