using ResourceService.Load.Servers;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Driving;

/// <summary>Drives claims over one stream on each connection, with the claims in flight dealt out over the streams.</summary>
internal sealed class StreamDriver(Uri address, ClaimTemplate template, int connectionCount, int inFlight, ulong seed)
{
    public async Task RunAsync(StreamBudget budget, Measurement measurement, CancellationToken cancellationToken)
    {
        var streamCount = Math.Min(connectionCount, inFlight);
        var connections = Enumerable.Range(0, streamCount).Select(_ => new HttpMessageInvoker(LoadChannels.CreateHandler())).ToArray();
        try
        {
            await Task.WhenAll(connections.Select((http, i) =>
            {
                var slotCount = (inFlight / streamCount) + (i < inFlight % streamCount ? 1 : 0);
                var payload = template.Streamed(RandomSequence.Mix(seed + (ulong)i));
                var stream = new ClaimStream(http, address, payload, slotCount, budget, measurement);
                return Task.Run(() => stream.RunAsync(cancellationToken), cancellationToken);
            }));
        }
        finally
        {
            foreach (var http in connections)
            {
                http.Dispose();
            }
        }
    }
}
