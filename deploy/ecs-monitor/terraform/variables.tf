variable "name" {
  description = "Begins the names of everything."
  type        = string
  default     = "tocsin"
}

variable "image" {
  description = "The container image, by digest or tag. It has sh, bash and /usr/bin/tocsin."
  type        = string
}

variable "image_repository_arn" {
  description = "The ECR repository of the image; null when it is pulled without credentials."
  type        = string
  default     = null
}

variable "cluster" {
  description = "The ECS cluster that the monitor itself runs in, by name or ARN."
  type        = string
  default     = "default"
}

variable "configuration_arn" {
  description = "The SSM parameter or the secret that holds tocsin.yml, whole."
  type        = string
}

variable "secrets" {
  description = "What the configuration names: {SLACK_WEBHOOK_URL = ARN of a parameter or secret}."
  type        = map(string)
  default     = {}
}

variable "key_arn" {
  description = "The customer managed KMS key of these; null when AWS manages it."
  type        = string
  default     = null
}

variable "watched_role_arns" {
  description = "Roles of other accounts (watched-account)."
  type        = list(string)
  default     = []
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  description = "At most one a zone; they reach the internet, or endpoints of what the task calls."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "true in subnets that have no NAT. Nothing listens on it."
  type        = bool
  default     = false
}

variable "health_port" {
  description = "The port of `listen`, asked on 127.0.0.1 whether it lives; null to leave it out."
  type        = number
  default     = 7400
}

variable "cpu" {
  type    = number
  default = 256
}

variable "memory" {
  type    = number
  default = 512
}

variable "log_retention_days" {
  type    = number
  default = 30
}
