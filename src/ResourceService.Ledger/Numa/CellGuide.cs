namespace ResourceService.Ledger.Numa;

/// <summary>
/// What makes a search with vetoes short: cells that are alike are tried once, and a beginning is left as soon as the best of the cells that remain
/// could not give what is still needed. Sums are those of the cells chosen so far.
/// </summary>
internal sealed class CellGuide
{
    // More conditions than this cost more than they save.
    private const int BoundsMax = 24;

    // Conditions are added up after each was scaled to about this.
    private const long Scale = 1 << 20;

    private readonly CellSelectionTest _test;
    private readonly int[] _order;
    private readonly List<Bound> _bounds = [];
    private int _known;

    // For each place: the places before it with cells like its.
    private CellMask[] _earlierAlike = [];

    public CellGuide(CellSelectionTest test, ReadOnlySpan<int> order)
    {
        (_test, _order) = (test, order.ToArray());
        TakeBounds(default);
        AddUp();
    }

    /// <summary>Works out which cells are alike: for the test, and for each request cell.</summary>
    /// <param name="columnOf">For each place a number, which is equal where the same request cells fit.</param>
    public void Classify(ReadOnlySpan<int> columnOf)
    {
        Span<int> numbers = stackalloc int[_order.Length];
        _test.Classify(numbers);
        _earlierAlike = new CellMask[_order.Length];
        var alike = new Dictionary<(int Number, int Column), CellMask>();
        for (var place = 0; place < _order.Length; place++)
        {
            var key = (numbers[_order[place]], columnOf[place]);
            _earlierAlike[place] = alike.GetValueOrDefault(key);
            alike[key] = _earlierAlike[place].With(place);
        }
    }

    /// <summary>Whether a cell like the one at a place comes before it and is not used: then what cannot be done with that one cannot be done with it.</summary>
    public bool IsRepetition(int place, CellMask used) => !_earlierAlike[place].Without(used).IsEmpty;

    public void Choose(int place)
    {
        foreach (var bound in _bounds)
            bound.Left -= bound.OfPlace[place];
    }

    public void Unchoose(int place)
    {
        foreach (var bound in _bounds)
            bound.Left += bound.OfPlace[place];
    }

    /// <summary>Takes over what a veto has shown, with the cells chosen that it was about.</summary>
    public void TakeBounds(CellMask chosen)
    {
        for (; _known < _test.Bounds.Count && _bounds.Count < BoundsMax; _known++)
            Add(_test.Bounds[_known].OfCell, _test.Bounds[_known].Needed, chosen);
    }

    /// <summary>Whether so many cells more could give what is still needed, the best of those that may be chosen.</summary>
    public bool CanReach(int count, CellMask choosable)
    {
        foreach (var bound in _bounds)
        {
            if (!bound.CanReach(count, choosable))
                return false;
        }

        return true;
    }

    // Cells that are good for one thing are often bad for another: what none of the conditions shows by itself, their sum does.
    private void AddUp()
    {
        if (_bounds.Count < 2)
            return;
        var sum = new long[_order.Length];
        var needed = 0L;
        foreach (var bound in _bounds)
        {
            var weight = Math.Max(1, Scale / bound.Left);
            needed += weight * bound.Left;
            for (var place = 0; place < sum.Length; place++)
                sum[_order[place]] += weight * bound.OfPlace[place];
        }

        Add(sum, needed, default);
    }

    private void Add(long[] ofCell, long needed, CellMask chosen)
    {
        // More than is needed helps nobody.
        long[] ofPlace = [.. _order.Select(cell => Math.Min(ofCell[cell], needed))];
        int[] byValue = [.. Enumerable.Range(0, _order.Length).OrderByDescending(place => ofPlace[place])];
        var bound = new Bound(ofPlace, byValue, needed);
        for (; !chosen.IsEmpty; chosen = chosen.WithoutLowest())
            bound.Left -= ofPlace[chosen.Lowest];
        _bounds.Add(bound);
    }

    private sealed class Bound(long[] ofPlace, int[] byValue, long needed)
    {
        public long[] OfPlace { get; } = ofPlace;

        /// <summary>What the cells chosen leave to be given.</summary>
        public long Left { get; set; } = needed;

        public bool CanReach(int count, CellMask choosable)
        {
            var left = Left;
            foreach (var place in byValue)
            {
                if (left <= 0)
                    return true;
                if (count == 0 || OfPlace[place] == 0)
                    return false;
                if (!choosable.Contains(place))
                    continue;
                left -= OfPlace[place];
                count--;
            }

            return left <= 0;
        }
    }
}
