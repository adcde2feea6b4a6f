using System.Numerics;

namespace ResourceService.Ledger.Numa;

/// <summary>
/// Finds the first selection of host cells, in lexicographic order of their places, in which every requested cell fits: what Nova finds by trying
/// permutations. Whether a pair fits depends on nothing else, so each is asked at most once, and a matching shows which beginnings lead nowhere:
/// without vetoes the search never turns back by more than one step.
/// </summary>
/// <remarks>
/// A veto concerns the set of cells. What can still follow on a beginning depends on the set of its cells as well, not on their order, so each set
/// is examined once: at most 2^n on a host of n cells. <see cref="SetsMax"/> bounds them, so that a request that no set pleases ends soon on any
/// host. Only hosts of more than 14 cells can reach it; there, the sets left out are those with the fewest free devices, because
/// cells with many are tried first.
/// </remarks>
internal ref struct CellSearch
{
    /// <summary>Host cells of one search: one bit each. Validation admits no larger host.</summary>
    public const int HostCellsMax = 64;

    private const int SetsMax = 1 << 14;

    private readonly NumaTopology _host;
    private readonly NumaUsage _usage;
    private readonly NumaRequest _request;
    private readonly double? _cpuAllocationRatio;
    private readonly double? _ramAllocationRatio;

    // At a place in the order of trying: the host cell. Places are bits from here on, so that the lowest bit is the next to try.
    private readonly ReadOnlySpan<int> _order;

    // For each request cell: the places that were asked, and those of them that fit.
    private readonly Span<ulong> _asked;
    private readonly Span<ulong> _fits;

    // Sets that lead nowhere; there are none before the first veto.
    private HashSet<ulong>? _dead;

    /// <param name="host">The host.</param>
    /// <param name="usage">What is used of it.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="cpuAllocationRatio">The most floating vCPUs for each shared CPU.</param>
    /// <param name="ramAllocationRatio">The most memory promised for each MiB.</param>
    /// <param name="order">The host cells in the order of trying.</param>
    /// <param name="scratch">Two zeroed words for each request cell.</param>
    public CellSearch(
        NumaTopology host, NumaUsage usage, NumaRequest request, double? cpuAllocationRatio, double? ramAllocationRatio, ReadOnlySpan<int> order,
        Span<ulong> scratch)
    {
        Invariant.Require(order.Length <= HostCellsMax, "a host has at most 64 cells");
        _host = host;
        _usage = usage;
        _request = request;
        _cpuAllocationRatio = cpuAllocationRatio;
        _ramAllocationRatio = ramAllocationRatio;
        _order = order;
        _asked = scratch[..request.Cells.Count];
        _fits = scratch[request.Cells.Count..];
    }

    private readonly ulong AllPlaces => ulong.MaxValue >> (HostCellsMax - _order.Length);

    /// <summary>Fills in the host cell of each request cell, by its place in the topology.</summary>
    public bool TryFind(CellSelectionTest? accepts, Span<int> chosen) => CanComplete(0, 0) && TryPlace(0, 0, accepts, chosen);

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
        Span<int> owners = stackalloc int[HostCellsMax];
        var (taken, count) = (0UL, 0);
        for (var cell = 0; cell < _request.Cells.Count; cell++)
        {
            var tried = 0UL;
            count += TryMatch(cell, ref tried, ref taken, owners) ? 1 : 0;
        }

        return count;
    }

    private bool TryPlace(int requestCell, ulong used, CellSelectionTest? accepts, Span<int> chosen)
    {
        if (requestCell == chosen.Length)
            return IsAccepted(accepts, chosen);
        for (var rest = AllPlaces & ~used; rest != 0 && _dead is not { Count: >= SetsMax }; rest &= rest - 1)
        {
            var place = BitOperations.TrailingZeroCount(rest);
            var with = used | (1UL << place);
            if (!Fits(requestCell, place) || _dead?.Contains(with) == true)
                continue;
            chosen[requestCell] = _order[place];
            if (CanComplete(requestCell + 1, with) && TryPlace(requestCell + 1, with, accepts, chosen))
                return true;
            _dead?.Add(with);
        }

        return false;
    }

    private bool IsAccepted(CellSelectionTest? accepts, ReadOnlySpan<int> chosen)
    {
        if (accepts is null)
            return true;
        Span<int> ids = stackalloc int[chosen.Length];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = _host.Cells[chosen[i]].CellId;
        if (accepts(ids))
            return true;
        _dead ??= [];
        return false;
    }

    // Whether the request cells from one on fit on what is left, each on a host cell of its own: a bipartite matching by augmenting paths.
    private readonly bool CanComplete(int firstCell, ulong used)
    {
        Span<int> owners = stackalloc int[HostCellsMax];
        var taken = 0UL;
        for (var cell = firstCell; cell < _request.Cells.Count; cell++)
        {
            var tried = used;
            if (!TryMatch(cell, ref tried, ref taken, owners))
                return false;
        }

        return true;
    }

    private readonly bool TryMatch(int requestCell, ref ulong tried, ref ulong taken, Span<int> owners)
    {
        // A place that nobody has first: as long as there are such, hardly any pair is asked.
        for (var rest = AllPlaces & ~(tried | taken); rest != 0; rest &= rest - 1)
        {
            var place = BitOperations.TrailingZeroCount(rest);
            if (!Fits(requestCell, place))
                continue;
            taken |= 1UL << place;
            owners[place] = requestCell;
            return true;
        }

        for (var rest = taken & ~tried; rest != 0; rest = (rest & (rest - 1)) & ~tried)
        {
            var place = BitOperations.TrailingZeroCount(rest);
            if (!Fits(requestCell, place))
                continue;
            tried |= 1UL << place;
            if (!TryMatch(owners[place], ref tried, ref taken, owners))
                continue;
            owners[place] = requestCell;
            return true;
        }

        return false;
    }

    private readonly bool Fits(int requestCell, int place)
    {
        var bit = 1UL << place;
        if ((_asked[requestCell] & bit) == 0)
        {
            _asked[requestCell] |= bit;
            if (Pair(requestCell, _order[place]).Passes())
                _fits[requestCell] |= bit;
        }

        return (_fits[requestCell] & bit) != 0;
    }
}
