namespace ResourceService.Ledger.Numa;

/// <summary>
/// Finds the first selection of host cells, in lexicographic order of their places, in which every requested cell fits: what Nova finds by trying
/// permutations. Whether a pair fits depends on nothing else, so each is asked at most once, and a matching shows which beginnings lead nowhere:
/// without vetoes the search never turns back by more than one step.
/// </summary>
/// <remarks>
/// <para>
/// A veto concerns the set of cells. What can still follow on a beginning depends on the set of its cells as well, not on their order: each set is
/// examined once, and of cells that are alike the first unused one stands for all. On a host whose cells are of c kinds, that leaves as many sets as
/// there are ways to take so many of each kind, and the conditions of <see cref="CellGuide"/> cut most of those off.
/// </para>
/// <para>
/// Which set of cells gives enough of several kinds of devices is a hard question in general, so <see cref="StepsMax"/> bounds the search. Nothing is
/// left out in another order than Nova's: the first selection of all is found, or the search says that it ended.
/// </para>
/// </remarks>
internal ref struct CellSearch
{
    /// <summary>Places that are tried once a veto was heard: some tens of milliseconds.</summary>
    public const int StepsMax = 1 << 16;

    private readonly NumaTopology _host;
    private readonly NumaUsage _usage;
    private readonly NumaRequest _request;
    private readonly double? _cpuAllocationRatio;
    private readonly double? _ramAllocationRatio;

    // At a place in the order of trying: the host cell. Places are what is counted in from here on, so that the lowest is the next to try.
    private readonly ReadOnlySpan<int> _order;
    private readonly CellMask _all;

    // For each request cell: the first of those before it that ask for the same, itself when there is none; for that one: the places that were asked,
    // and those of them that fit.
    private readonly Span<int> _rows;
    private readonly Span<CellMask> _asked;
    private readonly Span<CellMask> _fits;

    // Since the first veto: what guides, the sets that lead nowhere, and the steps left.
    private CellGuide? _guide;
    private HashSet<CellMask>? _dead;

    // Since then, at a request cell: the places where it or one after it fits.
    private CellMask[] _choosable = [];
    private int _stepsLeft = int.MaxValue;

    /// <param name="host">The host.</param>
    /// <param name="usage">What is used of it.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="cpuAllocationRatio">The most floating vCPUs for each shared CPU.</param>
    /// <param name="ramAllocationRatio">The most memory promised for each MiB.</param>
    /// <param name="order">The host cells in the order of trying.</param>
    /// <param name="rows">A number for each request cell.</param>
    /// <param name="scratch">Two empty sets for each request cell.</param>
    public CellSearch(
        NumaTopology host, NumaUsage usage, NumaRequest request, double? cpuAllocationRatio, double? ramAllocationRatio, ReadOnlySpan<int> order,
        Span<int> rows, Span<CellMask> scratch)
    {
        Invariant.Require(order.Length <= NumaTopology.CellsMax, "a host has at most as many cells as a set of them has bits");
        _host = host;
        _usage = usage;
        _request = request;
        _cpuAllocationRatio = cpuAllocationRatio;
        _ramAllocationRatio = ramAllocationRatio;
        _order = order;
        _all = CellMask.First(order.Length);
        _rows = rows;
        _asked = scratch[..rows.Length];
        _fits = scratch[rows.Length..];
        for (var cell = 0; cell < rows.Length; cell++)
            rows[cell] = cell > 0 && AsksForTheSame(request, cell - 1, cell) ? rows[cell - 1] : cell;
    }

    /// <summary>Fills in the host cell of each request cell, by its place in the topology.</summary>
    public bool TryFind(CellSelectionTest? test, Span<int> chosen)
    {
        Span<int> places = stackalloc int[chosen.Length];
        var isFound = CanComplete(0, default) && (TryPlace(0, default, test, places) || (_dead is not null && TryGuided(test!, places)));
        for (var cell = 0; isFound && cell < chosen.Length; cell++)
            chosen[cell] = _order[places[cell]];
        if (!isFound && _stepsLeft <= 0)
            test!.LimitHit ??= StepsMax;
        return isFound;
    }

    /// <summary>The predicate of one pair.</summary>
    public readonly CellFit Pair(int requestCell, int hostCell) => new(
        _host.Layouts[hostCell], _usage.Cells[hostCell], _request, requestCell, _cpuAllocationRatio, _ramAllocationRatio);

    /// <summary>Whether the request cell fits any host cell.</summary>
    public readonly bool FitsSomewhere(int requestCell)
    {
        for (var place = 0; place < _order.Length; place++)
        {
            if (Fits(requestCell, place))
                return true;
        }

        return false;
    }

    /// <summary>How many request cells can be placed together at most.</summary>
    public readonly int CountPlaceable()
    {
        Span<int> owners = stackalloc int[CellMask.PlacesMax];
        var (taken, count) = (default(CellMask), 0);
        for (var cell = 0; cell < _request.Cells.Count; cell++)
        {
            var tried = default(CellMask);
            count += TryMatch(cell, ref tried, ref taken, owners) ? 1 : 0;
        }

        return count;
    }

    // The numbers of guest CPUs differ in every cell; how many they are is what the fit asks.
    private static bool AsksForTheSame(NumaRequest request, int one, int other)
    {
        if (one == 0 && request.EmulatorThreads == EmulatorThreadsPolicy.Isolate)
            return false;
        var (left, right) = (request.Cells[one], request.Cells[other]);
        return left.SharedVcpus.Count == right.SharedVcpus.Count
            && left.DedicatedVcpus.Count == right.DedicatedVcpus.Count
            && left.MemoryMb == right.MemoryMb
            && left.PageSizePolicy == right.PageSizePolicy
            && left.PageSizeKb == right.PageSizeKb;
    }

    // The first selection was vetoed. Before others are tried, it is counted whether any could do.
    private bool TryGuided(CellSelectionTest test, scoped Span<int> places)
    {
        if (places.Length == _order.Length)
            return false;
        Span<int> columns = stackalloc int[_order.Length];
        _choosable = new CellMask[places.Length + 1];
        for (var cell = places.Length - 1; cell >= 0; cell--)
        {
            for (var place = 0; place < columns.Length; place++)
                columns[place] |= Fits(cell, place) ? 1 << cell : 0;
            _choosable[cell] = _choosable[cell + 1] | _fits[_rows[cell]];
        }

        var guide = new CellGuide(test, _order);
        if (!guide.CanReach(places.Length, _choosable[0]))
            return false;
        guide.Classify(columns);
        _guide = guide;
        _stepsLeft = StepsMax;
        return TryPlace(0, default, test, places);
    }

    private bool TryPlace(int requestCell, CellMask used, CellSelectionTest? test, scoped Span<int> places)
    {
        if (requestCell == places.Length)
            return IsAccepted(used, test, places);
        var rest = _all.Without(used);
        // Of request cells that ask for the same, the first stands on the first place.
        if (requestCell > 0 && _rows[requestCell] == _rows[requestCell - 1])
            rest = rest.After(places[requestCell - 1]);
        for (; !rest.IsEmpty; rest = rest.WithoutLowest())
        {
            var place = rest.Lowest;
            if (!Fits(requestCell, place) || _guide?.IsRepetition(place, used) == true)
                continue;
            if (_guide is not null && --_stepsLeft <= 0)
                return false;
            places[requestCell] = place;
            if (TryWith(requestCell, used.With(place), test, places))
                return true;
            // The search for the first selection ends with it; what guides the search for others is made then.
            if (_dead is not null && _guide is null)
                return false;
        }

        return false;
    }

    private bool TryWith(int requestCell, CellMask with, CellSelectionTest? test, scoped Span<int> places)
    {
        if (_guide is null)
            return CanComplete(requestCell + 1, with) && TryPlace(requestCell + 1, with, test, places);
        if (_dead!.Contains(with))
            return false;
        var place = places[requestCell];
        _guide.Choose(place);
        var isFound = false;
        if (_guide.CanReach(places.Length - requestCell - 1, _choosable[requestCell + 1].Without(with)) && CanComplete(requestCell + 1, with))
        {
            isFound = TryPlace(requestCell + 1, with, test, places);
            _dead.Add(with);
        }

        _guide.Unchoose(place);
        return isFound;
    }

    private bool IsAccepted(CellMask used, CellSelectionTest? test, scoped ReadOnlySpan<int> places)
    {
        if (test is null)
            return true;
        Span<int> ids = stackalloc int[places.Length];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = _host.Cells[_order[places[i]]].CellId;
        if (test.Accepts(ids))
            return true;
        (_dead ??= []).Add(used);
        _guide?.TakeBounds(used);
        if (_guide is not null)
            _stepsLeft -= test.StepsOfVeto;
        return false;
    }

    // Whether the request cells from one on fit on what is left, each on a host cell of its own: a bipartite matching by augmenting paths.
    private readonly bool CanComplete(int firstCell, CellMask used)
    {
        Span<int> owners = stackalloc int[CellMask.PlacesMax];
        var taken = default(CellMask);
        for (var cell = firstCell; cell < _request.Cells.Count; cell++)
        {
            var tried = used;
            if (!TryMatch(cell, ref tried, ref taken, owners))
                return false;
        }

        return true;
    }

    private readonly bool TryMatch(int requestCell, ref CellMask tried, ref CellMask taken, Span<int> owners)
    {
        // A place that nobody has first: as long as there are such, hardly any pair is asked.
        for (var rest = _all.Without(tried | taken); !rest.IsEmpty; rest = rest.WithoutLowest())
        {
            var place = rest.Lowest;
            if (!Fits(requestCell, place))
                continue;
            taken = taken.With(place);
            owners[place] = requestCell;
            return true;
        }

        for (var rest = taken.Without(tried); !rest.IsEmpty; rest = rest.WithoutLowest().Without(tried))
        {
            var place = rest.Lowest;
            if (!Fits(requestCell, place))
                continue;
            tried = tried.With(place);
            if (!TryMatch(owners[place], ref tried, ref taken, owners))
                continue;
            owners[place] = requestCell;
            return true;
        }

        return false;
    }

    private readonly bool Fits(int requestCell, int place)
    {
        var row = _rows[requestCell];
        if (!_asked[row].Contains(place))
        {
            _asked[row] = _asked[row].With(place);
            if (Pair(row, _order[place]).Passes())
                _fits[row] = _fits[row].With(place);
        }

        return _fits[row].Contains(place);
    }
}
