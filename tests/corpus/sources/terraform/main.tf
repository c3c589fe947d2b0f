# A module with mistakes for checkov to find. It is never applied.
resource "aws_s3_bucket" "logs" {
  bucket = "example-logs"
  acl    = "public-read"
}

resource "aws_security_group" "open" {
  name = "open"
  ingress {
    from_port   = 0
    to_port     = 65535
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_db_instance" "main" {
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  publicly_accessible = true
  storage_encrypted   = false
  username            = "app"
}
