"""What the owner of a stack begins with: a skeleton of the resource, or the AWS CLI's input made into one."""
