using System.Diagnostics;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Soaking;

/// <summary>Resident memory of the server each second. A life begins when a process is first seen, at most a second after its start.</summary>
internal sealed class SoakMemory(ServerUnderTest server)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly List<SoakSample> _samples = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private int? _processId;
    private long _processSeenAt;
    private int _life;

    /// <summary>What was sampled; complete once sampling has ended.</summary>
    public IReadOnlyList<SoakSample> Samples => _samples;

    public async Task SampleAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Take();
            await Task.Delay(_interval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Take()
    {
        if (server.ProcessId is not { } id)
        {
            return;
        }
        double residentMib;
        try
        {
            residentMib = ProcessReadings.Memory(id).ResidentMib;
        }
        catch (IOException)
        {
            // Killed between the two looks at it.
            return;
        }
        if (residentMib == 0)
        {
            // Dead, and not yet taken leave of by its parent.
            return;
        }
        if (id != _processId)
        {
            _processId = id;
            _processSeenAt = Stopwatch.GetTimestamp();
            _life++;
        }
        _samples.Add(new SoakSample(_life, Stopwatch.GetElapsedTime(_processSeenAt), Stopwatch.GetElapsedTime(_start), residentMib));
    }
}

/// <summary>Resident memory at a time of the soak, in the given life of the server, of the given age.</summary>
internal sealed record SoakSample(int Life, TimeSpan Age, TimeSpan At, double ResidentMib);
