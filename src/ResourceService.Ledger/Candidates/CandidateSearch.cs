using System.Numerics;
using System.Runtime.Intrinsics;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Candidates;

/// <summary>
/// One search of the fleet. It looks at 64 slots at a time, one bit each of a word: traits, units and amounts say which nodes may fit, and
/// those are ranked. The decision itself is then made on the pictures of the best, in their order, until enough are found. Traits and amounts
/// are decided by the columns exactly as <see cref="FitRules"/> decides them; what a request needs inside a node only by the picture, and when
/// many refuse for that, the next best are ranked.
/// </summary>
/// <param name="query">What must fit, and where.</param>
/// <param name="limit">How many nodes to find.</param>
/// <param name="excluded">Slots that are left out, in order; null for none.</param>
/// <param name="only">The only slots that are looked at, in order; null for all.</param>
internal sealed class CandidateSearch(
    CandidateQuery query, int limit, IReadOnlyDictionary<CandidateGroup, int[]>? excluded, IReadOnlyDictionary<CandidateGroup, int[]>? only)
{
    /// <summary>How many slots are looked at together.</summary>
    public const int BlockSlots = 64;

    // A few more are ranked than are asked for: some may refuse. When all are used up, this many times as many are ranked.
    private const int SpareRanks = 8;
    private const int RanksFactor = 8;

    private readonly RefusalCounts _counts = new();
    private readonly ClassTest[] _tests = new ClassTest[query.Request.Amounts.Count];
    private readonly ulong _labelMarks = LabelMarks.Of(query.Filter.Labels);

    // The best so far, the worst of them on top.
    private readonly PriorityQueue<NodeView, CandidateRank> _best = new();
    private int _ranksMax = limit + SpareRanks;

    // No score below this is among the best.
    private double _scoreMin = double.NegativeInfinity;

    // Only nodes worse than this are ranked: the others were decided before.
    private CandidateRank _before = CandidateRank.Best;

    // The first walk counts; the others meet the same nodes.
    private bool _counting = true;
    private int _fitting;

    public CandidateList Run(ReadOnlySpan<CandidateGroup> groups, int notEnabled)
    {
        _counts.Examine(notEnabled);
        _counts.Add(RefusalReason.NodeNotEnabled, "", notEnabled);
        var found = new List<NodeView>();
        var decided = 0;
        while (true)
        {
            foreach (var group in groups)
            {
                if (only is null)
                    Walk(group, []);
                else if (only.TryGetValue(group, out var slots))
                    Walk(group, slots);
            }

            _counting = false;
            var ranked = TakeRanked();
            for (var i = 0; i < ranked.Length && found.Count < limit; i++, decided++)
                Decide(ranked[i], found);
            if (found.Count == limit || ranked.Length < _ranksMax)
                break;
            _ranksMax *= RanksFactor;
        }

        // Where more than the columns decides, nodes whose pictures were not looked at are not examined.
        if (query.LooksInside)
            _counts.Examine(decided - _fitting);
        return new CandidateList(found, _counts);
    }

    private void Decide(NodeView node, List<NodeView> found)
    {
        var reason = query.Refuse(node);
        if (reason == RefusalReason.None)
            found.Add(node);
        else if (reason is RefusalReason.NodeNotEnabled or RefusalReason.NodeFiltered)
            _counts.Add(reason, "", 1);
        else
            _counts.Add(FitRules.Explain(node, query.Request));
    }

    // Without slots all of the group.
    private void Walk(CandidateGroup group, ReadOnlySpan<int> slots)
    {
        var end = group.Count;
        var columns = group.Columns;
        // A slot behind the last was left since it was looked up: the search will be made again.
        while (slots.Length > 0 && slots[^1] >= end)
            slots = slots[..^1];
        var count = only is null ? end : slots.Length;
        if (_counting)
            _counts.Examine(count);
        if (!query.Filter.TakesState(NodeState.Enabled) || !query.Filter.TakesTraits(group.Kind.Traits))
        {
            Count(RefusalReason.NodeFiltered, count);
            return;
        }

        var (missing, forbidden) = TestTraits(group.Kind.Traits);
        var anyOfMissing = !NodeFilterRules.HasOneOfEach(group.Kind.Traits, query.Request.AnyOfTraits);
        var traitsFit = !missing && !forbidden && !anyOfMissing;
        if (!traitsFit && !_counting)
            return;

        for (var i = 0; i < _tests.Length; i++)
            _tests[i] = new ClassTest(group.Kind, columns, query.Request.Amounts[i], query.Request.UsageLimits);
        ReadOnlySpan<int> excludedSlots = excluded?.GetValueOrDefault(group);
        var takenCount = 0;
        for (var start = NextBlock(0, end, slots); start < end; start = NextBlock(start + BlockSlots, end, slots))
        {
            var taken = Considered(columns, start, InBlock(start, end, ref slots), ref excludedSlots);
            takenCount += BitOperations.PopCount(taken);
            var fitting = traitsFit ? taken : 0;
            foreach (ref var test in _tests.AsSpan())
                fitting &= ~test.Refusing(start, taken);
            if (fitting != 0)
                Rank(columns, start, fitting);
        }

        Count(RefusalReason.NodeFiltered, count - takenCount);
        Count(RefusalReason.TraitMissing, missing ? takenCount : 0);
        Count(RefusalReason.TraitForbidden, forbidden ? takenCount : 0);
        Count(RefusalReason.AnyOfTraitsMissing, anyOfMissing ? takenCount : 0);
        if (_counting)
        {
            foreach (ref readonly var test in _tests.AsSpan())
                test.Report(_counts);
        }
    }

    private (bool Missing, bool Forbidden) TestTraits(ValueList<string> traits)
    {
        var (missing, forbidden) = (false, false);
        foreach (var trait in query.Request.RequiredTraits.Span)
            missing |= !traits.Span.Contains(trait);
        foreach (var trait in query.Request.ForbiddenTraits.Span)
            forbidden |= traits.Span.Contains(trait);
        return (missing, forbidden);
    }

    // Where the next block begins that is looked at, from a place on.
    private int NextBlock(int start, int end, ReadOnlySpan<int> slots) =>
        only is null ? start : slots.Length == 0 ? end : slots[0] / BlockSlots * BlockSlots;

    // The slots of a block that are looked at, as bits.
    private ulong InBlock(int start, int end, ref ReadOnlySpan<int> slots)
    {
        if (only is null)
            return end - start >= BlockSlots ? ulong.MaxValue : (1UL << (end - start)) - 1;
        var block = 0UL;
        for (; slots.Length > 0 && slots[0] < start + BlockSlots; slots = slots[1..])
            block |= 1UL << (slots[0] - start);
        return block;
    }

    // The slots of a block that hold a node which the filter takes.
    private ulong Considered(GroupColumns columns, int start, ulong block, ref ReadOnlySpan<int> excludedSlots)
    {
        var considered = block;
        while (excludedSlots.Length > 0 && excludedSlots[0] < start)
            excludedSlots = excludedSlots[1..];
        for (; excludedSlots.Length > 0 && excludedSlots[0] < start + BlockSlots; excludedSlots = excludedSlots[1..])
            considered &= ~(1UL << (excludedSlots[0] - start));
        if (_labelMarks == 0)
            return considered;

        considered &= LabelMarks.Matches(columns.LabelMarks, start, _labelMarks);
        for (var rest = considered; rest != 0; rest &= rest - 1)
        {
            var slot = start + BitOperations.TrailingZeroCount(rest);
            if (columns.Nodes[slot] is not { } node || !query.Filter.TakesLabels(node.Spec))
                considered &= ~(1UL << (slot - start));
        }

        return considered;
    }

    private void Rank(GroupColumns columns, int start, ulong fitting)
    {
        if (_counting)
            _fitting += BitOperations.PopCount(fitting);
        var sign = Vector256.Create(query.Strategy == Strategy.Spread ? 1.0 : -1.0);
        for (var i = 0; i < BlockSlots; i += GroupColumns.SlotsMultiple)
        {
            var lanes = (uint)((fitting >> i) & 0xF);
            if (lanes == 0)
                continue;
            var scores = Vector256<double>.Zero;
            foreach (ref readonly var test in _tests.AsSpan())
                scores += test.ShareLeft(start + i);
            scores *= sign;
            lanes &= Vector256.GreaterThanOrEqual(scores, Vector256.Create(_scoreMin)).ExtractMostSignificantBits();
            for (; lanes != 0; lanes &= lanes - 1)
            {
                var lane = BitOperations.TrailingZeroCount(lanes);
                var slot = start + i + lane;
                Offer(new CandidateRank(scores[lane], columns.NodeKeys[slot]), columns.Nodes[slot]);
            }
        }
    }

    private void Offer(CandidateRank rank, NodeView? node)
    {
        // Without a node the slot was emptied just now: the search will be made again.
        if (node is null || rank >= _before)
            return;
        if (_best.Count < _ranksMax)
            _best.Enqueue(node, rank);
        else
            _best.EnqueueDequeue(node, rank);
        if (_best.Count == _ranksMax && _best.TryPeek(out _, out var worst))
            _scoreMin = worst.Score;
    }

    // The best, best first. Those that are ranked later are worse.
    private NodeView[] TakeRanked()
    {
        var ranked = new NodeView[_best.Count];
        if (_best.TryPeek(out _, out var worst))
            _before = worst;
        for (var i = ranked.Length - 1; i >= 0; i--)
            ranked[i] = _best.Dequeue();
        _scoreMin = double.NegativeInfinity;
        return ranked;
    }

    private void Count(RefusalReason reason, int nodes)
    {
        if (_counting)
            _counts.Add(reason, "", nodes);
    }
}
