using Grpc.Core;
using ResourceService.Load.Servers;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>The services over one connection, and how they are called: again and again with the same request until there is an answer.</summary>
internal sealed class SoakClients(CallInvoker invoker, RetryingCalls calls)
{
    public NodeService.NodeServiceClient Nodes { get; } = new(invoker);

    public ClaimService.ClaimServiceClient Claims { get; } = new(invoker);

    public ResizeService.ResizeServiceClient Resizes { get; } = new(invoker);

    public MigrationService.MigrationServiceClient Migrations { get; } = new(invoker);

    public AuditService.AuditServiceClient Audits { get; } = new(invoker);

    public RetryingCalls Calls { get; } = calls;

    public Task<TAnswer> CallAsync<TAnswer>(Func<CallOptions, AsyncUnaryCall<TAnswer>> call) => Calls.CallAsync(call);
}
