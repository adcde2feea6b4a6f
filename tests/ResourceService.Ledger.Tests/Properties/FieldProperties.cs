using CsCheck;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Properties;

/// <summary>
/// Owners and an agent change one node in any order; each outcome is held against books that know nothing of layers: one table of who set which field to
/// what, looked up field by field.
/// </summary>
public sealed class FieldProperties
{
    private static readonly ResourceClass[] _classes = [new("CUSTOM_A"), ResourceClass.MemoryMb, ResourceClass.Vcpu];
    private static readonly string[] _owners = ["cyborg", "nova", "ops"];
    private static readonly string[] _words = ["A", "B", "C"];

    // A step of an owner, or of the agent where there is no owner.
    private static readonly Gen<Step> _steps = Gen.Select(
        Gen.Int[-1, 2], Gen.Bool, Gen.Select(Gen.Int[0, 6], Gen.Int[-1, 6], Gen.Int[-1, 4], Gen.Int[-1, 4]).Array[3],
        Gen.Int[0, 7], Gen.Int[-1, 2].Array[3], (owner, force, numbers, traits, labels) => new Step(owner, force, numbers, traits, labels));

    [Fact]
    public void Every_outcome_is_what_a_table_of_fields_says() => _steps.Array[1, 40].Sample(Play, iter: 2_000);

    private static void Play(Step[] steps)
    {
        var node = DrivenNode.Registered(Report(new Step(-1, false, [(6, 0, -1, -1), (6, 0, -1, -1), (0, 0, -1, -1)], 0, [-1, -1, -1])));
        var books = new Books();
        books.Report(node.View.Spec);
        foreach (var step in steps)
        {
            var before = node.View;
            if (step.Owner < 0)
            {
                Assert.Null(node.Decide(view => NodeRules.Register(view, Report(step), null, Sample.Now)).Refusal);
                books.Report(Report(step));
            }
            else
            {
                var fields = Fields(step);
                var decision = node.Decide(view => FieldRules.Update(view, fields, new FieldRights(step.Force, null), null));
                Assert.Equal(books.Set(fields, step.Force), decision.Refusal?.Kind);
                if (decision.Changes.Count == 0)
                    Assert.Same(before, node.View);
            }

            Assert.Equal(books.Inventories(), node.View.Spec.Inventories.Classes.ToArray().Select((name, i) => (name, node.View.Spec.Inventories[i])));
            Assert.Equal(books.Traits(), node.View.Spec.Traits);
            Assert.Equal(books.Labels(), node.View.Spec.Labels);
            Assert.Equal(node.View.Spec, FieldOverlay.Of(node.View.Spec.Reported, node.View.Spec.Owners));
            Assert.Equal(node.View.Spec.Inventories.Count, node.View.Used.Length);
        }
    }

    // Numbers: total, reserved, min_unit, max_unit. A total of 0 is a class that is not reported.
    private static NodeSpec Report(Step step) => NodeSpec.Unknown(new NodeId(Sample.NodeName)) with
    {
        Inventories = InventoryTable.From(_classes.Zip(step.Numbers).Where(pair => pair.Second.Item1 > 0).Select(pair =>
        {
            var (total, reserved, min, max) = pair.Second;
            var least = Math.Max(1, min);
            return KeyValuePair.Create(pair.First, new Inventory(
                total, Math.Clamp(reserved, 0, total), 1, least, max < 0 ? Math.Max(least, total) : Math.Max(least, max), 1));
        })),
        Traits = Traits(step),
        Labels = Labels(step, "reported"),
    };

    private static OwnedFields Fields(Step step) => new(
        _owners[step.Owner], "operator", Sample.Now,
        ValueList.From(_classes.Zip(step.Numbers)
            .Select(pair => KeyValuePair.Create(pair.First, new InventoryFields(
                pair.Second.Item1 > 3 ? pair.Second.Item1 : null, OrNull(pair.Second.Item2), null, pair.Second.Item3 > 1 ? pair.Second.Item3 : null,
                pair.Second.Item4 > Math.Max(1, pair.Second.Item3) ? pair.Second.Item4 : null, null)))
            .Select(item => item.Value.Reserved > item.Value.Total ? KeyValuePair.Create(item.Key, item.Value with { Reserved = null }) : item)
            .Where(item => item.Value.Set != InventoryField.None)),
        Traits(step), Labels(step, _owners[step.Owner]));

    private static long? OrNull(int value) => value < 3 ? null : value;

    private static ValueList<string> Traits(Step step) => ValueList.From(_words.Where((_, i) => (step.Traits >> i & 1) == 1));

    private static ValueList<KeyValuePair<string, string>> Labels(Step step, string by) =>
        ValueList.From(_words.Zip(step.Labels).Where(pair => pair.Second > 0).Select(pair => KeyValuePair.Create(pair.First, $"{by}-{pair.Second}")));

    private sealed record Step(int Owner, bool Force, (int, int, int, int)[] Numbers, int Traits, int[] Labels);

    private sealed class Books
    {
        private readonly Dictionary<string, (string Owner, string Value)> _fields = [];
        private readonly HashSet<(string Owner, string Trait)> _traits = [];
        private NodeSpec _reported = NodeSpec.Unknown(new NodeId(""));

        public void Report(NodeSpec reported) => _reported = reported;

        public RefusalKind? Set(OwnedFields fields, bool force)
        {
            var set = Flatten(fields).ToDictionary();
            var mine = _fields.Where(field => field.Value.Owner == fields.Owner).ToDictionary(field => field.Key, field => field.Value.Value);
            var traits = _traits.Where(trait => trait.Owner == fields.Owner).Select(trait => trait.Trait).Order();
            if (set.Count == mine.Count && set.All(field => mine.GetValueOrDefault(field.Key) == field.Value) && traits.SequenceEqual(fields.Traits))
                return null;
            if (!force && set.Keys.Any(field => _fields.TryGetValue(field, out var other) && other.Owner != fields.Owner))
                return RefusalKind.FieldOwned;

            var earlier = _fields.ToDictionary();
            foreach (var field in mine.Keys)
                _fields.Remove(field);
            foreach (var (field, value) in set)
                _fields[field] = (fields.Owner, value);
            if (_classes.Any(item => Breaks(item, set.Where(field => mine.GetValueOrDefault(field.Key) != field.Value).Select(field => field.Key).ToHashSet())))
            {
                _fields.Clear();
                foreach (var field in earlier)
                    _fields.Add(field.Key, field.Value);
                return RefusalKind.OutcomeInvalid;
            }

            _traits.RemoveWhere(trait => trait.Owner == fields.Owner);
            _traits.UnionWith(fields.Traits.Select(trait => (fields.Owner, trait)));
            return null;
        }

        public IEnumerable<(ResourceClass, Inventory)> Inventories()
        {
            foreach (var item in _classes)
            {
                if (Total(item) is { } total)
                {
                    var (min, max) = Units(item);
                    var least = min > max && Of(item, "min") is not null ? max : min;
                    yield return (item, new Inventory(total, Math.Min(total, Reserved(item)), 1, least, Math.Max(least, max), 1));
                }
            }
        }

        public IEnumerable<string> Traits() => _traits.Select(trait => trait.Trait).Union(_reported.Traits).Order(StringComparer.Ordinal);

        public IEnumerable<KeyValuePair<string, string>> Labels() =>
            from word in _words
            let value = _fields.TryGetValue($"label {word}", out var owned) ? owned.Value : _reported.LabelOf(word)
            where value is not null
            select KeyValuePair.Create(word, value);

        private bool Breaks(ResourceClass item, HashSet<string> changed)
        {
            if (Total(item) is not { } total)
                return changed.Any(field => field.StartsWith($"{item} ", StringComparison.Ordinal));
            var (min, max) = Units(item);
            return (Reserved(item) > total && (changed.Contains($"{item} total") || changed.Contains($"{item} reserved")))
                || (min > max && (changed.Contains($"{item} min") || changed.Contains($"{item} max")));
        }

        private long? Total(ResourceClass item) => Of(item, "total") ?? Reported(item)?.Total;

        private long Reserved(ResourceClass item) => Of(item, "reserved") ?? Reported(item)?.Reserved ?? 0;

        private (long Min, long Max) Units(ResourceClass item)
        {
            var reported = Reported(item);
            var min = Of(item, "min") ?? reported?.MinUnit ?? 1;
            var isOpen = reported is null || reported.MaxUnit == Math.Max(reported.MinUnit, reported.Total);
            return (min, Of(item, "max") ?? (isOpen ? Math.Max(min, Total(item)!.Value) : reported!.MaxUnit));
        }

        private long? Of(ResourceClass item, string field) => _fields.TryGetValue($"{item} {field}", out var owned) ? long.Parse(owned.Value) : null;

        private Inventory? Reported(ResourceClass item) => _reported.Inventories.IndexOf(item) is >= 0 and var place ? _reported.Inventories[place] : null;

        private static IEnumerable<KeyValuePair<string, string>> Flatten(OwnedFields fields)
        {
            foreach (var (item, set) in fields.Inventories)
            {
                foreach (var (name, value) in new[] { ("total", set.Total), ("reserved", set.Reserved), ("min", set.MinUnit), ("max", set.MaxUnit) })
                {
                    if (value is { } number)
                        yield return KeyValuePair.Create($"{item} {name}", $"{number}");
                }
            }

            foreach (var (key, value) in fields.Labels)
                yield return KeyValuePair.Create($"label {key}", value);
        }
    }
}
