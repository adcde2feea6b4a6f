namespace ResourceService.Ledger.Devices;

/// <summary>
/// Whether all requests can be met together, exactly, whatever their order. Free devices that suit the same requests are one kind; requests are
/// matched to kinds by augmenting paths. Where a function and its children are both wanted, families that are alike are one kind as well, and how many
/// of them give their function is found by branching: at each turn the matching ignores that the two exclude each other, and where it then takes both
/// of too many families, either fewer give their function or fewer give their children.
/// </summary>
/// <example>
/// Of four functions with two children each, three functions and four children are wanted. The matching ignores the conflict and finds them; but three
/// functions leave the children of one. With at most two functions the third is missing, with at least three two children are: refused in three turns.
/// </example>
internal sealed class DeviceMatching
{
    /// <summary>Matchings of one search; only functions wanted beside children need more than one.</summary>
    public const int TurnsMax = 1_024;

    private readonly ValueList<DeviceRequest> _requests;

    // By kind: the requests it suits, and how many devices of it there are, and are left.
    private readonly List<ulong> _requestsOf = [];
    private readonly List<int> _counts = [];
    private readonly List<FamilyKind> _families = [];
    private readonly int[] _kindOfPool;
    private int[] _left = [];

    // How many devices of a kind each request takes.
    private int[,] _taken = new int[0, 0];
    private int _turns;

    public DeviceMatching(DeviceUsage usage, SuitableDevices suitable, DeviceReach reach)
    {
        _requests = suitable.Requests;
        _kindOfPool = new int[usage.Pools.Pools.Length];
        var contested = new SortedDictionary<int, List<int>>();
        var plain = new Dictionary<ulong, int>();
        for (var pool = 0; pool < _kindOfPool.Length; pool++)
        {
            _kindOfPool[pool] = -1;
            if (usage.FreeOfPool[pool] == 0 || RequestsOf(pool) == 0)
                continue;
            if (suitable.ContestedFunction(usage, pool) is >= 0 and var function)
                (contested.TryGetValue(function, out var family) ? family : contested[function] = []).Add(pool);
            else
                AddPlain(pool);
        }

        var alike = new Dictionary<ValueList<(ulong, int)>, FamilyKind>();
        foreach (var (function, family) in contested)
        {
            var own = usage.Pools.PoolOf(function);
            if (family.Count == 1 || !family.Contains(own))
                family.ForEach(AddPlain);
            else
                AddFamily(own, [.. family.Where(pool => pool != own)]);
        }

        ulong RequestsOf(int pool)
        {
            var group = usage.Pools.Pools[pool].Group;
            return suitable.RequestsOf(group) & reach.RequestsOf(usage.Pools.Groups[group].NumaCell);
        }

        void AddPlain(int pool)
        {
            if (!plain.TryGetValue(RequestsOf(pool), out var kind))
                plain.Add(RequestsOf(pool), kind = AddKind(RequestsOf(pool)));
            _kindOfPool[pool] = kind;
            _counts[kind] += usage.FreeOfPool[pool];
        }

        void AddFamily(int own, int[] children)
        {
            // Children are told apart by what they suit alone: those of several pools that suit the same are one kind.
            var kinds = children.GroupBy(RequestsOf).OrderBy(kind => kind.Key).ToArray();
            var key = ValueList.From(kinds.Select(kind => (kind.Key, kind.Sum(pool => usage.FreeOfPool[pool]))).Prepend((RequestsOf(own), 1)));
            if (!alike.TryGetValue(key, out var family))
            {
                alike.Add(key, family = new FamilyKind(AddKind(RequestsOf(own)), [.. key.Skip(1).Select(child => (AddKind(child.Item1), child.Item2))]));
                _families.Add(family);
            }

            family.Count++;
            _kindOfPool[own] = family.FunctionKind;
            for (var i = 0; i < kinds.Length; i++)
            {
                foreach (var pool in kinds[i])
                    _kindOfPool[pool] = family.Children[i].Kind;
            }
        }
    }

    /// <summary>Whether the search ended at its bound.</summary>
    public bool LimitHit => _turns >= TurnsMax;

    /// <summary>
    /// Requests that want more devices together than suit any of them, where that is why not all can be met; 0 where only functions and children
    /// exclude each other.
    /// </summary>
    public ulong Lacking { get; private set; }

    /// <summary>Whether all can be met together. Then <see cref="Give"/> says by which devices.</summary>
    public bool CanBeMet()
    {
        _left = new int[_counts.Count];
        _taken = new int[_requests.Count, _counts.Count];
        (_turns, Lacking) = (0, 0);
        foreach (var family in _families)
            (family.FunctionsMin, family.FunctionsMax) = (0, family.Count);
        return Branch();
    }

    /// <summary>The devices given, as the places of them: request after request, and in each those of the pools near the instance first.</summary>
    public List<int> Give(DeviceUsage usage, DeviceReach reach)
    {
        var order = Enumerable.Range(0, _kindOfPool.Length).Where(pool => _kindOfPool[pool] >= 0)
            .OrderBy(pool => !reach.IsOnCells(usage.Pools.Groups[usage.Pools.Pools[pool].Group].NumaCell)).ToArray();
        var given = Enumerable.Range(0, _requests.Count).Select(_ => new List<int>()).ToArray();
        var free = usage.FreeOfPool.ToArray();

        // Functions of contested families first: which of them are given decides which children are.
        foreach (var functionsFirst in (ReadOnlySpan<bool>)[true, false])
        {
            for (var request = 0; request < given.Length; request++)
            {
                foreach (var pool in order)
                {
                    var kind = _kindOfPool[pool];
                    var count = Math.Min(free[pool], _taken[request, kind]);
                    if (count == 0 || _families.Exists(family => family.FunctionKind == kind) != functionsFirst)
                        continue;
                    _taken[request, kind] -= count;
                    Draw(usage, pool, usage.FreeOfPool[pool] - free[pool], count, given[request]);
                    free[pool] -= count;
                    foreach (var child in functionsFirst ? usage.Pools.ChildrenOf(usage.Pools[given[request][^1]].Address) : [])
                        free[usage.Pools.PoolOf(child)] = 0;
                }
            }
        }

        return [.. given.SelectMany(devices => devices)];
    }

    private static void Draw(DeviceUsage usage, int pool, int skip, int count, List<int> given)
    {
        foreach (var member in usage.Pools.MembersOf(usage.Pools.Pools[pool]))
        {
            if (!usage.IsFree(member) || skip-- > 0)
                continue;
            if (count-- == 0)
                return;
            given.Add(member);
        }
    }

    private int AddKind(ulong requests)
    {
        _requestsOf.Add(requests);
        _counts.Add(0);
        return _counts.Count - 1;
    }

    private bool Branch()
    {
        if (_turns >= TurnsMax)
            return false;
        _turns++;
        if (!Match())
            return false;
        foreach (var family in _families)
        {
            var functions = Taken(family.FunctionKind);
            if (!Array.Exists(family.Children, child => Taken(child.Kind) > (family.Count - functions) * child.Count))
                continue;
            var (least, most) = (family.FunctionsMin, family.FunctionsMax);
            family.FunctionsMax = functions - 1;
            if (Branch())
                return true;
            (family.FunctionsMin, family.FunctionsMax) = (functions, most);
            if (Branch())
                return true;
            family.FunctionsMin = least;
            return false;
        }

        return true;
    }

    private int Taken(int kind)
    {
        var taken = 0;
        for (var request = 0; request < _requests.Count; request++)
            taken += _taken[request, kind];
        return taken;
    }

    private bool Match()
    {
        Array.Clear(_taken);
        for (var kind = 0; kind < _left.Length; kind++)
            _left[kind] = _counts[kind];
        foreach (var family in _families)
        {
            _left[family.FunctionKind] = family.FunctionsMax;
            foreach (var (kind, count) in family.Children)
                _left[kind] = (family.Count - family.FunctionsMin) * count;
        }

        for (var request = 0; request < _requests.Count; request++)
        {
            for (var wanted = _requests[request].Count; wanted > 0;)
            {
                var asked = 0UL;
                var got = Push(request, wanted, ref asked);
                if (got == 0)
                {
                    // Only the first matching takes all families for free.
                    Lacking = _turns == 1 ? asked : Lacking;
                    return false;
                }

                wanted -= got;
            }
        }

        return true;
    }

    // Gets a request some of what it wants: from what is left, or from another request that can have others instead. Who was asked and gave nothing wants
    // together more than there is.
    private int Push(int request, int wanted, ref ulong asked)
    {
        asked |= 1UL << request;
        for (var kind = 0; kind < _left.Length; kind++)
        {
            if (_left[kind] == 0 || (_requestsOf[kind] & (1UL << request)) == 0)
                continue;
            var got = Math.Min(wanted, _left[kind]);
            _left[kind] -= got;
            _taken[request, kind] += got;
            return got;
        }

        for (var kind = 0; kind < _left.Length; kind++)
        {
            if ((_requestsOf[kind] & (1UL << request)) == 0)
                continue;
            for (var other = 0; other < _requests.Count; other++)
            {
                if (_taken[other, kind] == 0 || (asked & (1UL << other)) != 0)
                    continue;
                var got = Push(other, Math.Min(wanted, _taken[other, kind]), ref asked);
                if (got == 0)
                    continue;
                _taken[other, kind] -= got;
                _taken[request, kind] += got;
                return got;
            }
        }

        return 0;
    }

    /// <summary>Families that are alike.</summary>
    private sealed class FamilyKind(int functionKind, (int Kind, int Count)[] children)
    {
        public int FunctionKind { get; } = functionKind;

        /// <summary>The children of one family.</summary>
        public (int Kind, int Count)[] Children { get; } = children;

        public int Count { get; set; }

        /// <summary>At least so many keep their function for who wants one: their children are not to be had.</summary>
        public int FunctionsMin { get; set; }

        public int FunctionsMax { get; set; }
    }
}
