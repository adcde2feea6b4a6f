using ResourceService.Load.Servers;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Soaking;

/// <summary>What happens to calls beside kills of the server: callers that do not wait for the answer, and connections that break.</summary>
internal sealed class SoakFaults(SoakSettings settings, CuttableConnections connections, SoakCounts counts)
{
    // Half of the answers come before the middle of it: callers leave before, during and after the commit.
    private const int PatienceMsMax = 6;
    private const int Shares = 1_000_000;

    private volatile bool _areOn;

    /// <summary>None before this is called: what the server can do at most is measured without them.</summary>
    public void Begin() => _areOn = true;

    /// <summary>How long a caller waits for each next answer.</summary>
    public Func<TimeSpan?> PatienceOf(RandomSequence random) => () =>
        _areOn && random.Below(Shares) < settings.AbandonShare * Shares ? TimeSpan.FromMilliseconds(1 + random.Below(PatienceMsMax)) : null;

    /// <summary>Cuts a connection now and then until cancelled.</summary>
    public async Task CutAsync(RandomSequence random, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(SoakJitter.Around(settings.CutEvery, random), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellationToken.IsCancellationRequested && connections.CutOne(random))
            {
                counts.CountCut();
            }
        }
    }
}
