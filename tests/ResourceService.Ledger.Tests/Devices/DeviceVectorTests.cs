using ResourceService.Ledger.Devices;
using ResourceService.Testing;
using Xunit;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>Nova's own decisions, made by running Nova, against the fit; the devices chosen and the state of every device are compared as well.</summary>
public class DeviceVectorTests
{
    // Where we decide otherwise on purpose, and why. A claim that one of these describes is not compared.
    private static readonly Dictionary<string, (Func<DeviceVector, int, bool> Describes, string Reason)> _differences = new(StringComparer.Ordinal)
    {
        ["free devices that Nova lost"] = (
            (vector, step) => vector.Expected.Quirk is not null && vector.Expected.Steps.Take(step).Any(outcome => outcome.ClaimFailed is not null),
            "After a claim that passed its test and then failed, Nova no longer finds devices that are free. Here such a claim changes nothing."),
        ["functions that Nova never frees"] = (
            (vector, step) => NeverFreed(vector, step).Count > 0,
            "A function that is reported as a plain device while a child of it is in use stays unclaimable in Nova when the child is freed."),
    };

    [Fact]
    public void Fit_decides_as_nova_does()
    {
        var vectors = DeviceVector.TryLoad();
        Assert.SkipWhen(vectors is null, VectorFiles.Missing);

        var counts = new Counts();
        foreach (var vector in vectors)
            Replay(vector, counts);

        TestContext.Current.TestOutputHelper?.WriteLine(counts.ToString());
        Assert.Empty(counts.Disagreements);
        Assert.True(counts.Accepted > 0 && counts.Compared > counts.Accepted && counts.Skipped < counts.Compared / 20 && counts.Matched < counts.Compared / 100, counts.ToString());
    }

    private static void Replay(DeviceVector vector, Counts counts)
    {
        var replay = new DeviceReplay(vector.Input);
        var hasHistory = false;
        for (var i = 0; i < vector.Input.Steps.Count; i++)
        {
            var (step, outcome) = (vector.Input.Steps[i], vector.Expected.Steps[i]);
            if (step.Op == "claim")
            {
                Compare(vector, i, replay, hasHistory, counts);
                if (outcome.Accepted == true)
                    replay.Claim(step.Instance, outcome.Devices!);
            }
            else
            {
                // What was freed is the next that Nova gives; here order follows from the report alone.
                hasHistory |= step.Op == "free";
                replay.Run(step);
            }

            var expected = outcome.DevicesNotAvailable
                .ToDictionary(pair => pair.Key, pair => State(pair.Value), StringComparer.Ordinal)
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .ExceptBy(NeverFreed(vector, i), pair => pair.Key);
            if (!expected.SequenceEqual(replay.NotAvailable()))
                counts.Disagreements.Add($"{vector.Id} step {i}: states are {string.Join(", ", replay.NotAvailable())}, not {string.Join(", ", expected)}");
        }
    }

    // Devices that were blocked as functions when a restart found them to be plain, once something was freed after it.
    private static HashSet<string> NeverFreed(DeviceVector vector, int step)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 1; i < step && vector.Input.Steps.Take(step + 1).Skip(i).Any(later => later.Op == "free"); i++)
        {
            if (vector.Input.Steps[i].Op != "restart")
                continue;
            var notAvailable = vector.Expected.Steps[i].DevicesNotAvailable;
            found.UnionWith(vector.Input.Steps[i].Devices
                .Where(device => device.Type == DeviceType.Pci && State(notAvailable.GetValueOrDefault(device.Address, [""])) == "blocked")
                .Select(device => device.Address));
        }

        return found;
    }

    // Nova tells devices whose relative is claimed from those whose relative is allocated; the owner's state says the same.
    private static string State(string[] recorded) => recorded[0] is "unclaimable" or "unavailable" ? "blocked" : string.Join(' ', recorded);

    private static void Compare(DeviceVector vector, int place, DeviceReplay replay, bool hasHistory, Counts counts)
    {
        var (step, outcome) = (vector.Input.Steps[place], vector.Expected.Steps[place]);
        if (_differences.Values.Any(difference => difference.Describes(vector, place)))
        {
            counts.Skipped++;
            return;
        }

        counts.Compared++;
        var devices = replay.Decide(step);
        if (outcome.Accepted == false && devices is not null && replay.IsMatched(step, devices))
            counts.Matched++;
        else if (outcome.Accepted != devices is not null)
            counts.Disagreements.Add($"{vector.Id} step {place}: accepted is {devices is not null}");
        if (outcome.Accepted != true || devices is null)
            return;

        counts.Accepted++;
        var given = devices.Select(device => (device.RequestName, device.Address)).Order();
        if (given.SequenceEqual(outcome.Devices!.Select(pair => (pair[0], pair[1])).Order()))
            counts.SameChoice++;
        else if (!hasHistory)
            counts.Disagreements.Add($"{vector.Id} step {place}: gives {string.Join(", ", given)}");
    }

    private sealed class Counts
    {
        public int Compared { get; set; }

        public int Skipped { get; set; }

        /// <summary>Claims that Nova refuses because of the order of their requests.</summary>
        public int Matched { get; set; }

        public int Accepted { get; set; }

        public int SameChoice { get; set; }

        public List<string> Disagreements { get; } = [];

        public override string ToString() =>
            $"{Compared} claims compared, {Accepted} of them accepted, {SameChoice} with Nova's devices; {Matched} matched where Nova's order refuses; {Skipped} not compared.";
    }
}
