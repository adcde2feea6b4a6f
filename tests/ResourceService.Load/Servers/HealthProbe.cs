using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace ResourceService.Load.Servers;

/// <summary>Asks a server by gRPC health whether it serves.</summary>
internal sealed class HealthProbe : IDisposable
{
    // Short beside a start-up time of some hundred milliseconds, which is measured by this probe.
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _callTimeout = TimeSpan.FromSeconds(2);

    private readonly Uri _address;
    private readonly string _service;
    private readonly GrpcChannel _channel;

    public HealthProbe(Uri address, string service)
    {
        _address = address;
        _service = service;
        _channel = LoadChannels.Open(address);
    }

    public async Task<bool> IsServingAsync(CancellationToken cancellationToken)
    {
        try
        {
            var client = new Health.HealthClient(_channel);
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + _callTimeout;
            var answer = await client.CheckAsync(new HealthCheckRequest { Service = _service }, deadline: deadline, cancellationToken: cancellationToken);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
        }
        catch (RpcException e) when (e.StatusCode is not (StatusCode.NotFound or StatusCode.Unimplemented) && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Waits until the server serves. Fails after the timeout, or at once when the process has exited.</summary>
    public async Task WaitServingAsync(TimeSpan timeout, Func<bool>? hasExited, CancellationToken cancellationToken)
    {
        var until = TimeProvider.System.GetTimestamp() + (long)(timeout.TotalSeconds * TimeProvider.System.TimestampFrequency);
        while (!await IsServingAsync(cancellationToken))
        {
            if (hasExited?.Invoke() == true)
            {
                throw new TimeoutException("The server exited before it served.");
            }
            if (TimeProvider.System.GetTimestamp() > until)
            {
                throw new TimeoutException($"No server said within {timeout.TotalSeconds:0} s that it serves (gRPC health of \"{_service}\" on {_address}).");
            }
            await Task.Delay(_interval, cancellationToken);
        }
    }

    public void Dispose() => _channel.Dispose();
}
