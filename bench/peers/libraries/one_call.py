"""What one call of DynamoDB costs in CPU with boto3 alone; prints the median of many, in seconds.

Arguments: a table, how many calls.
"""

import statistics
import sys
import time

import boto3

table, count = sys.argv[1], int(sys.argv[2])
client = boto3.client("dynamodb")
key = {"Subject": {"S": "nobody"}, "What": {"S": "slot"}}
seconds = []
for _ in range(count):
    begin = time.process_time()
    client.get_item(TableName=table, Key=key, ConsistentRead=True)
    seconds.append(time.process_time() - begin)
print(statistics.median(seconds[count // 5 :]))
