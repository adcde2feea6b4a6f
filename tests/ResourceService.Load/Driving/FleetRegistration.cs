using Grpc.Core;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Driving;

/// <summary>Registers the driven nodes, many at a time.</summary>
internal static class FleetRegistration
{
    private const int InFlight = 64;

    public static async Task RegisterAsync(
        CallInvoker invoker, NodeNames names, FleetSettings settings, Action<long> progress, CancellationToken cancellationToken)
    {
        var client = new NodeService.NodeServiceClient(invoker);
        var options = new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancellationToken };
        var registeredCount = 0L;
        await Parallel.ForEachAsync(Enumerable.Range(0, names.Count), options, async (number, token) =>
        {
            var request = new RegisterNodeRequest { NodeId = names[number] };
            foreach (var resourceClass in settings.Resources.Keys)
            {
                request.Inventories[resourceClass] = new Inventory { Total = settings.NodeCapacity };
            }
            await client.RegisterNodeAsync(request, cancellationToken: token);
            progress(Interlocked.Increment(ref registeredCount));
        });
    }
}
