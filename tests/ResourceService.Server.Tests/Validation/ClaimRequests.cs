using static ResourceService.Server.Tests.Validation.BadFields;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Every rule of ClaimService's requests, broken once.</summary>
internal static class ClaimRequests
{
    public static IEnumerable<BadField> Rows =>
    [
        .. Of(
            () =>
            {
                var request = Requests.Claim();
                request.Filter = new NodeFilter();
                return request;
            },
            RequestId<ClaimInstanceRequest>((request, id) => request.RequestId = id),
            Instance(),
            Resources<ClaimInstanceRequest>("resources", (request, value) => request.Resources = value, request => request.Resources),
            RequiredId<ClaimInstanceRequest>("candidate_node_ids[0]", (request, id) => request.CandidateNodeIds.Add(id)),
            One<ClaimInstanceRequest>("candidate_node_ids", "with 1001 elements", request => request.CandidateNodeIds.Add(Enumerable.Repeat("a", 1001))),
            One<ClaimInstanceRequest>("strategy", "unknown", request => request.Strategy = (PlacementStrategy)99),
            Filter<ClaimInstanceRequest>("filter", request => request.Filter),
            Lease<ClaimInstanceRequest>((request, lease) => request.Lease = lease),
            One<ClaimInstanceRequest>("expected_generation", "without a node", request => request.ExpectedGeneration = 1)),
        .. Of(
            () => Requests.Claim("node-1"),
            Id<ClaimInstanceRequest>("node_id", (request, id) => request.NodeId = id),
            One<ClaimInstanceRequest>("candidate_node_ids", "beside a node", request => request.CandidateNodeIds.Add("node-2")),
            One<ClaimInstanceRequest>("filter", "beside a node", request => request.Filter = new NodeFilter()),
            Number<ClaimInstanceRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new ClaimInstancesRequest { Requests = { Requests.Claim("node-1"), Requests.Claim("node-1") } },
            RequestId<ClaimInstancesRequest>((request, id) => request.RequestId = id),
            RequestId<ClaimInstancesRequest>((request, id) => request.Requests[1].RequestId = id, "requests[1].request_id"),
            One<ClaimInstancesRequest>("requests", "empty", request => request.Requests.Clear()),
            One<ClaimInstancesRequest>("requests", "with 1001 elements", request =>
                request.Requests.Add(Enumerable.Range(0, 999).Select(_ => Requests.Claim("node-1")))),
            One<ClaimInstancesRequest>("requests[1].instance.instance_id", "twice in the batch", request =>
                request.Requests[1].Instance = request.Requests[0].Instance),
            One<ClaimInstancesRequest>("requests[1].request_id", "twice in the batch", request =>
                request.Requests[1].RequestId = request.Requests[0].RequestId),
            One<ClaimInstancesRequest>("requests[1].resources.resources[VCPU]", "of 0", request => request.Requests[1].Resources.Resources["VCPU"] = 0),
            One<ClaimInstancesRequest>("requests[0].validate_only", "in an all_or_nothing batch", request =>
            {
                request.AllOrNothing = true;
                request.Requests[0].ValidateOnly = true;
            })),
        .. Of(
            () => new ConfirmClaimRequest { ClaimId = "c-1-1" },
            ClaimId<ConfirmClaimRequest>((request, id) => request.ClaimId = id),
            RequestId<ConfirmClaimRequest>((request, id) => request.RequestId = id),
            Number<ConfirmClaimRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new RenewClaimRequest { ClaimId = "c-1-1" },
            ClaimId<RenewClaimRequest>((request, id) => request.ClaimId = id),
            Lease<RenewClaimRequest>((request, lease) => request.Lease = lease),
            RequestId<RenewClaimRequest>((request, id) => request.RequestId = id),
            Number<RenewClaimRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new AbortClaimRequest { ClaimId = "c-1-1" },
            ClaimId<AbortClaimRequest>((request, id) => request.ClaimId = id),
            Text<AbortClaimRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<AbortClaimRequest>((request, id) => request.RequestId = id),
            Number<AbortClaimRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new ReleaseInstanceRequest { InstanceId = "instance-1" },
            RequiredId<ReleaseInstanceRequest>("instance_id", (request, id) => request.InstanceId = id),
            Text<ReleaseInstanceRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<ReleaseInstanceRequest>((request, id) => request.RequestId = id)),
        .. Of(
            () => new UpdateInstanceRequest { InstanceId = "instance-1" },
            RequiredId<UpdateInstanceRequest>("instance_id", (request, id) => request.InstanceId = id),
            Text<UpdateInstanceRequest>("vm_state", 255, (request, text) => request.VmState = text),
            Text<UpdateInstanceRequest>("task_state", 255, (request, text) => request.TaskState = text),
            Text<UpdateInstanceRequest>("power_state", 255, (request, text) => request.PowerState = text),
            Text<UpdateInstanceRequest>("os_type", 255, (request, text) => request.OsType = text),
            Id<UpdateInstanceRequest>("project_id", (request, id) => request.ProjectId = id),
            Id<UpdateInstanceRequest>("user_id", (request, id) => request.UserId = id),
            RequestId<UpdateInstanceRequest>((request, id) => request.RequestId = id),
            Number<UpdateInstanceRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(() => new GetClaimRequest(), ClaimId<GetClaimRequest>((request, id) => request.ClaimId = id)),
        .. Of(
            () => new ListClaimsRequest(),
            Id<ListClaimsRequest>("node_id", (request, id) => request.NodeId = id),
            Id<ListClaimsRequest>("instance_id", (request, id) => request.InstanceId = id),
            Id<ListClaimsRequest>("project_id", (request, id) => request.ProjectId = id),
            One<ListClaimsRequest>("states[0]", "unspecified", request => request.States.Add(ClaimState.Unspecified)),
            One<ListClaimsRequest>("states[0]", "unknown", request => request.States.Add((ClaimState)99)),
            Number<ListClaimsRequest>("host_cpu", (request, value) => (request.NodeId, request.HostCpu) = ("node-1", (int)value), -1, 8192),
            One<ListClaimsRequest>("host_cpu", "without a node", request => request.HostCpu = 0),
            One<ListClaimsRequest>("device_address", "of another form", request => (request.NodeId, request.DeviceAddress) = ("node-1", "3b:00.0")),
            One<ListClaimsRequest>("device_address", "without a node", request => request.DeviceAddress = "0000:3b:00.0"),
            PageSize<ListClaimsRequest>((request, size) => request.PageSize = size)),
    ];

    private static IEnumerable<Break<ClaimInstanceRequest>> Instance() =>
    [
        .. One<ClaimInstanceRequest>("instance", "missing", request => request.Instance = null),
        .. RequiredId<ClaimInstanceRequest>("instance.instance_id", (request, id) => request.Instance.InstanceId = id),
        .. Id<ClaimInstanceRequest>("instance.project_id", (request, id) => request.Instance.ProjectId = id),
        .. Id<ClaimInstanceRequest>("instance.user_id", (request, id) => request.Instance.UserId = id),
        .. Text<ClaimInstanceRequest>("instance.os_type", 255, (request, text) => request.Instance.OsType = text),
        .. Text<ClaimInstanceRequest>("instance.vm_state", 255, (request, text) => request.Instance.VmState = text),
        .. Text<ClaimInstanceRequest>("instance.task_state", 255, (request, text) => request.Instance.TaskState = text),
        .. Text<ClaimInstanceRequest>("instance.power_state", 255, (request, text) => request.Instance.PowerState = text),
    ];
}
