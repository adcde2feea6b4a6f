namespace ResourceService.Ledger.Claims;

/// <summary>
/// The workload that holds resources, as its caller describes it. States are Nova's words; empty means unknown (for <paramref name="TaskState"/>: no task).
/// </summary>
public sealed record Instance(
    InstanceId Id, string ProjectId, string UserId, string OsType, string VmState, string TaskState, string PowerState);
