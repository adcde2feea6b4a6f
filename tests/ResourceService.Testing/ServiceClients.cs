using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace ResourceService.Testing;

/// <summary>The clients of one service, over one connection or several. Every call that sets no deadline gets one: no test hangs.</summary>
public sealed class ServiceClients : IDisposable
{
    private readonly GrpcChannel _channel;

    /// <summary>Clients of the service at an address.</summary>
    /// <param name="address">Where it listens.</param>
    /// <param name="handler">Makes the connections, with credentials for example; disposed with the clients.</param>
    /// <param name="deadline">How long a call may take that sets no deadline; a minute when not given.</param>
    public ServiceClients(Uri address, HttpMessageHandler? handler = null, TimeSpan? deadline = null)
    {
        Address = address;
        _channel = GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions { MaxReceiveMessageSize = null, MaxSendMessageSize = null, HttpHandler = handler, DisposeHttpClient = handler is not null });
        Invoker = _channel.Intercept(new DeadlineForAll(deadline ?? TimeSpan.FromSeconds(60)));
        Nodes = new NodeService.NodeServiceClient(Invoker);
        Claims = new ClaimService.ClaimServiceClient(Invoker);
        Resizes = new ResizeService.ResizeServiceClient(Invoker);
        Migrations = new MigrationService.MigrationServiceClient(Invoker);
        Audits = new AuditService.AuditServiceClient(Invoker);
        Health = new Health.HealthClient(Invoker);
    }

    /// <summary>Where the service listens.</summary>
    public Uri Address { get; }

    /// <summary>For calls that no generated client makes.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>NodeService.</summary>
    public NodeService.NodeServiceClient Nodes { get; }

    /// <summary>ClaimService.</summary>
    public ClaimService.ClaimServiceClient Claims { get; }

    /// <summary>ResizeService.</summary>
    public ResizeService.ResizeServiceClient Resizes { get; }

    /// <summary>MigrationService.</summary>
    public MigrationService.MigrationServiceClient Migrations { get; }

    /// <summary>AuditService.</summary>
    public AuditService.AuditServiceClient Audits { get; }

    /// <summary>The standard health service.</summary>
    public Health.HealthClient Health { get; }

    /// <summary>The health of one name; null when the service cannot be reached.</summary>
    public async Task<HealthCheckResponse.Types.ServingStatus?> HealthOfAsync(string name)
    {
        try
        {
            return (await Health.CheckAsync(new HealthCheckRequest { Service = name })).Status;
        }
        catch (RpcException cause) when (cause.StatusCode == StatusCode.Unavailable)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private sealed class DeadlineForAll(TimeSpan within) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Bounded(context));

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(request, Bounded(context));

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
            continuation(Bounded(context));

        private ClientInterceptorContext<TRequest, TResponse> Bounded<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context)
            where TRequest : class
            where TResponse : class =>
            context.Options.Deadline is not null
                ? context
                : new(context.Method, context.Host, context.Options.WithDeadline((TimeProvider.System.GetUtcNow() + within).UtcDateTime));
    }
}
