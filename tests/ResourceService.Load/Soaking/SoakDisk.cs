using System.Collections.Concurrent;
using ResourceService.FaultyDisk;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Soaking;

/// <summary>The server's disk in a soak: now and then it fails, fills up, stalls or tears a write, for some operations.</summary>
internal sealed class SoakDisk : IDisposable
{
    private const int OperationsBeforeFaultMax = 100;
    private const int RepeatsMax = 5;

    private static readonly DiskFault[] _kinds = [.. Enum.GetValues<DiskFault>().Where(fault => fault != DiskFault.None && !fault.Kills())];

    private readonly string _file = Path.GetTempFileName();
    private readonly DiskFaults _faults;
    private readonly ConcurrentDictionary<DiskFault, long> _struck = new();

    public SoakDisk() => _faults = new DiskFaults(_file);

    /// <summary>What the server's environment needs so that its disk is this one.</summary>
    public IReadOnlyDictionary<string, string> Environment => _faults.Environment;

    /// <summary>How often each fault struck.</summary>
    public IReadOnlyDictionary<string, long> Struck => _struck.ToDictionary(entry => entry.Key.ToString(), entry => entry.Value);

    /// <summary>Strikes now and then until cancelled; the disk is sound afterwards.</summary>
    public async Task StrikeAsync(TimeSpan every, RandomSequence random, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            _faults.Arm(_kinds[random.Below(_kinds.Length)], random.Below(OperationsBeforeFaultMax), 1 + random.Below(RepeatsMax));
            await Task.Delay(SoakJitter.Around(every, random), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_faults.Struck is not DiskFault.None and var struck)
            {
                _struck.AddOrUpdate(struck, 1, static (_, count) => count + 1);
            }
        }
        _faults.Disarm();
    }

    public void Dispose()
    {
        _faults.Dispose();
        File.Delete(_file);
    }
}
