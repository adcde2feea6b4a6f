using ResourceService.Testing;
using Xunit;

namespace ResourceService.Ledger.Tests.Vectors;

/// <summary>Placement's own decisions, made by running Placement, against the ledger's rules; usage is compared after each step.</summary>
public class PlacementVectorTests
{
    // Where we differ on purpose or ask otherwise, and why. A step that one of these describes is not compared.
    private static readonly Dictionary<string, (Func<PlacementReplay, VectorStep, VectorOutcome, bool> Describes, string Reason)> _differences = new(StringComparer.Ordinal)
    {
        ["consumer generations"] = (
            (_, _, outcome) => outcome.Outcome == "consumer_generation_conflict",
            "Callers of Placement number a consumer's writes; ours give a request_id, and an instance that holds a claim is refused another."),
        ["malformed amounts"] = (
            (_, _, outcome) => outcome.Outcome == "malformed",
            "Amounts below 1 are refused by validation before a rule is asked; the ledger's amounts cannot hold them."),
        ["replacing while over capacity"] = (
            (replay, step, outcome) => outcome.Accepted
                && step.Replacements.Any(replacement =>
                    replay.Holds(replacement.Consumer) && replacement.Allocations.Keys.Any(replay.IsOverCapacity)),
            "Placement lets a consumer replace what it holds on an over-committed provider by as much or less. Here what is released is free for "
                + "all, and a new claim is refused until the overage is gone."),
    };

    [Fact]
    public void Rules_accept_and_refuse_what_placement_does()
    {
        var vectors = InventoryVector.TryLoad();
        Assert.SkipWhen(vectors is null, VectorFiles.Missing);

        var counts = new Counts();
        foreach (var vector in vectors)
            Replay(vector, counts);

        TestContext.Current.TestOutputHelper?.WriteLine(counts.ToString());
        Assert.Empty(counts.Disagreements);
        // A table of differences that swallowed most steps would prove nothing.
        Assert.True(counts.Compared > 0 && counts.Compared >= counts.Steps * 8 / 10, counts.ToString());
        Assert.True(counts.Alike > 0 && counts.Refused > 0, counts.ToString());
    }

    private static void Replay(InventoryVector vector, Counts counts)
    {
        var replay = new PlacementReplay(vector.Input);
        for (var i = 0; i < vector.Input.Steps.Count; i++)
        {
            var (step, outcome) = (vector.Input.Steps[i], vector.Expected.Steps[i]);
            counts.Steps++;
            var difference = _differences.FirstOrDefault(row => row.Value.Describes(replay, step, outcome)).Key;
            if (difference is not null && !outcome.Accepted)
            {
                counts.Skip(difference);
                continue;
            }

            var takeOver = replay.Decide(step);
            if (difference is not null && takeOver is null)
            {
                // From here on the states differ, so the rest of this vector says nothing.
                counts.Skip(difference);
                counts.Abandon(vector.Input.Steps.Count - i - 1);
                return;
            }

            counts.Compare(step, outcome, replay);
            if (outcome.Accepted != takeOver is not null)
            {
                counts.Disagreements.Add($"{vector.Id} step {i}: Placement says {outcome.Outcome}");
                return;
            }

            takeOver?.Invoke();
            replay.NoteGenerations(outcome);
            foreach (var (provider, state) in outcome.ProvidersAfter)
            {
                var used = replay.Used(provider);
                if (state.Used.Any(pair => used.Of(new ResourceClass(pair.Key)) != pair.Value))
                    counts.Disagreements.Add($"{vector.Id} step {i}: usage of {provider} differs");
            }
        }
    }

    private sealed class Counts
    {
        private readonly SortedDictionary<string, int> _skipped = new(StringComparer.Ordinal);
        private int _abandoned;

        public int Steps { get; set; }

        public int Compared { get; private set; }

        public int Refused { get; private set; }

        /// <summary>Steps that one call of ours asks alike: a new consumer's claim on one provider, a delete, an inventory.</summary>
        public int Alike { get; private set; }

        public List<string> Disagreements { get; } = [];

        public void Skip(string difference) => _skipped[difference] = _skipped.GetValueOrDefault(difference) + 1;

        public void Abandon(int steps)
        {
            Steps += steps;
            _abandoned += steps;
        }

        public void Compare(VectorStep step, VectorOutcome outcome, PlacementReplay replay)
        {
            Compared++;
            Refused += outcome.Accepted ? 0 : 1;
            Alike += step.Op switch
            {
                "allocate" => step.Allocations.Count == 1 && !replay.Holds(step.Consumer) ? 1 : 0,
                "allocate_many" => 0,
                _ => 1,
            };
        }

        public override string ToString() =>
            $"{Compared} of {Steps} steps compared ({100.0 * Compared / Steps:F1} %), {Refused} of them refusals, {Alike} asked by one call of ours; not compared: "
            + string.Join(", ", _skipped.Select(pair => $"{pair.Value} {pair.Key}")) + $", {_abandoned} after a difference.";
    }
}
