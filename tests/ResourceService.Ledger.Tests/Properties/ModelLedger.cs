namespace ResourceService.Ledger.Tests.Properties;

/// <summary>
/// What a node's ledger should do, written again in the simplest way: dictionaries, sums made anew each time, Placement's comparison with a
/// double as it stands there. It shares no code with the ledger but the plain values.
/// </summary>
internal sealed class ModelLedger
{
    private readonly Dictionary<long, ModelClaim> _claims = [];
    private Dictionary<string, Inventory> _inventories = [];

    public enum Outcome
    {
        Refused,
        Unchanged,
        Changed,
    }

    public string State { get; private set; } = "Absent";

    public long Generation { get; private set; }

    public int FailedBuilds { get; private set; }

    public IReadOnlyDictionary<long, ModelClaim> Claims => _claims;

    public long Used(string resourceClass) => _claims.Values.Sum(claim => claim.Amounts.GetValueOrDefault(resourceClass));

    public Outcome Register(Dictionary<string, Inventory> inventories)
    {
        if (_inventories.Keys.Any(name => Used(name) > 0 && !inventories.ContainsKey(name)))
            return Outcome.Refused;
        var same = _inventories.Count == inventories.Count
            && _inventories.All(pair => inventories.TryGetValue(pair.Key, out var inventory) && inventory == pair.Value);
        if (State != "Absent" && same)
            return Outcome.Unchanged;

        _inventories = inventories;
        if (State == "Absent")
            (State, FailedBuilds) = ("Enabled", 0);
        return Changed();
    }

    public Outcome SetState(string state)
    {
        if (State == "Absent")
            return Outcome.Refused;
        if (State == state)
            return Outcome.Unchanged;
        State = state;
        return Changed();
    }

    public Outcome Delete(bool force)
    {
        if (State == "Absent" || (_claims.Count > 0 && !force))
            return Outcome.Refused;
        Generation += _claims.Count;
        _claims.Clear();
        State = "Absent";
        return Changed();
    }

    public Outcome Claim(long sequence, Dictionary<string, long> amounts, long leaseEndMs)
    {
        if (State != "Enabled" || !amounts.All(pair => Fits(pair.Key, pair.Value)))
            return Outcome.Refused;
        _claims.Add(sequence, new ModelClaim(amounts, leaseEndMs));
        return Changed();
    }

    public Outcome Confirm(long sequence, long nowMs)
    {
        if (!_claims.TryGetValue(sequence, out var claim))
            return Outcome.Refused;
        if (claim.LeaseEndMs is not { } end)
            return Outcome.Unchanged;
        if (nowMs >= end)
            return Outcome.Refused;
        _claims[sequence] = claim with { LeaseEndMs = null };
        FailedBuilds = 0;
        return Changed();
    }

    public Outcome Renew(long sequence, long leaseEndMs, long nowMs)
    {
        if (!_claims.TryGetValue(sequence, out var claim) || claim.LeaseEndMs is not { } end || nowMs >= end)
            return Outcome.Refused;
        _claims[sequence] = claim with { LeaseEndMs = leaseEndMs };
        return Changed();
    }

    public Outcome Abort(long sequence)
    {
        if (!_claims.TryGetValue(sequence, out var claim) || claim.LeaseEndMs is null)
            return Outcome.Refused;
        _claims.Remove(sequence);
        FailedBuilds++;
        return Changed();
    }

    public Outcome Release(long sequence) => _claims.Remove(sequence) ? Changed() : Outcome.Refused;

    public Outcome Expire(long nowMs)
    {
        var over = _claims.Where(pair => nowMs >= pair.Value.LeaseEndMs).Select(pair => pair.Key).ToList();
        over.ForEach(sequence => _claims.Remove(sequence));
        Generation += over.Count;
        return over.Count == 0 ? Outcome.Unchanged : Outcome.Changed;
    }

    private bool Fits(string resourceClass, long amount) =>
        _inventories.TryGetValue(resourceClass, out var inventory)
        && amount >= inventory.MinUnit && amount <= inventory.MaxUnit && amount % inventory.StepSize == 0
        && Used(resourceClass) + amount <= (inventory.Total - inventory.Reserved) * inventory.AllocationRatio;

    private Outcome Changed()
    {
        Generation++;
        return Outcome.Changed;
    }

    /// <summary>A claim that holds resources; active when it has no lease.</summary>
    public sealed record ModelClaim(Dictionary<string, long> Amounts, long? LeaseEndMs);
}
