package stacks

import (
	"fmt"

	"github.com/aegisworld/aegis"
)

// smallNetwork gives each region a range of its own, so that they can be
// peered.
func smallNetwork(n int) aegis.NetworkSpec {
	return aegis.NetworkSpec{
		CIDR:  fmt.Sprintf("10.%d.0.0/16", 10+n),
		Zones: 3,
		NAT:   "none",
		IngressRules: map[string]aegis.IngressRule{
			"https": {Protocol: "tcp", FromPort: 443, ToPort: 443, CIDRs: []string{"10.0.0.0/8"}},
		},
	}
}

func smallSecurity() aegis.SecuritySpec {
	return aegis.SecuritySpec{
		KeyRotationDays:        365,
		KeyDeletionWindowDays:  30,
		ExecutorSessionSeconds: 3600,
		WorkloadRoles: map[string]aegis.WorkloadRole{
			nodeRole: {Service: serviceEC2, Actions: []string{
				"kinesis:DescribeStreamSummary", "kinesis:PutRecord", "kinesis:PutRecords",
				"kms:Decrypt", "kms:GenerateDataKey",
				"logs:CreateLogStream", "logs:PutLogEvents",
				"s3:GetObject", "s3:ListBucket", "s3:PutObject",
				"ssm:GetParameter", "ssm:GetParameters",
			}},
		},
	}
}

func smallData(environment string) aegis.DataSpec {
	return aegis.DataSpec{
		LogRetentionDays: 30,
		LogGroups:        []string{"app", "audit"},
		Streams:          map[string]aegis.StreamSpec{"events": {Shards: 1, RetentionHours: 24}},
		Buckets:          map[string]aegis.BucketSpec{"artifacts": {ExpireDays: 0, NoncurrentExpireDays: 30}},
		Settings:         map[string]string{"environment": environment, "log_level": "info"},
	}
}

func smallRuntime() aegis.RuntimeSpec {
	return aegis.RuntimeSpec{
		InstanceType: "t3.small", NodeMin: 2, NodeDesired: 2, NodeMax: 6, TargetCPUPercent: 60, VolumeGiB: 20,
	}
}

func smallEdge(environment string) aegis.EdgeSpec {
	return aegis.EdgeSpec{
		Domain:           environment + ".aegis.example",
		RecordTTLSeconds: 60,
		HealthCheck:      aegis.HealthCheckSpec{Path: "/healthz", Port: 443, IntervalSeconds: 30, FailureThreshold: 3},
	}
}
