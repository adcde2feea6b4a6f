using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Claims;

/// <summary>
/// Whether a request fits a node: the one predicate behind claims, <c>validate_only</c> and candidates. The amounts follow Placement
/// (<c>objects/allocation.py</c>): units per allocation first, then <c>used + amount &lt;= capacity</c> in every class.
/// </summary>
public static class FitRules
{
    /// <summary>
    /// None when the request fits, with what it would be given inside the node; otherwise the first rule that refuses. Of NUMA cells and devices
    /// it tells only that they refuse: <see cref="Explain"/> says why.
    /// </summary>
    public static RefusalReason Fit(NodeView node, ResourceRequest request, out Assignment assignment)
    {
        assignment = Assignment.None;
        var refusal = FirstRefusalOfAmounts(node, request);
        if (refusal != RefusalReason.None || (request.Numa is null && request.Devices.Count == 0))
            return refusal;
        if (PlacementFit.TryAssign(node, request, out assignment))
            return RefusalReason.None;
        return request.Numa is null ? RefusalReason.DevicesNotCombinable : RefusalReason.NumaCellsNotCombinable;
    }

    /// <summary>The first trait or amount that refuses, in the order of <see cref="Explain"/>; allocates nothing.</summary>
    public static RefusalReason FirstRefusalOfAmounts(NodeView node, ResourceRequest request)
    {
        foreach (var trait in request.RequiredTraits.Span)
        {
            if (!node.Spec.HasTrait(trait))
                return RefusalReason.TraitMissing;
        }

        foreach (var trait in request.ForbiddenTraits.Span)
        {
            if (node.Spec.HasTrait(trait))
                return RefusalReason.TraitForbidden;
        }

        foreach (var set in request.AnyOfTraits.Span)
        {
            if (!HasAnyTrait(node.Spec, set))
                return RefusalReason.AnyOfTraitsMissing;
        }

        foreach (ref readonly var item in request.Amounts.Span)
        {
            var reason = Test(node, item, request.UsageLimits, out _);
            if (reason != RefusalReason.None)
                return reason;
        }

        return RefusalReason.None;
    }

    /// <summary>Every dimension that refuses: traits, each class in order, NUMA cells, devices. Empty when the request fits.</summary>
    public static ValueList<RefusedDimension> Explain(NodeView node, ResourceRequest request)
    {
        var refused = new List<RefusedDimension>();
        ExplainAmounts(node, request, refused);
        PlacementFit.Explain(node, request, refused);
        return ValueList.From(refused);
    }

    /// <summary>Adds every trait and amount that refuses, in the order of <see cref="Explain"/>, which has NUMA cells and devices behind them.</summary>
    public static void ExplainAmounts(NodeView node, ResourceRequest request, ICollection<RefusedDimension> refused)
    {
        foreach (var trait in request.RequiredTraits)
        {
            if (!node.Spec.HasTrait(trait))
                refused.Add(new RefusedDimension(RefusalReason.TraitMissing, trait, 0, 0, 0));
        }

        foreach (var trait in request.ForbiddenTraits)
        {
            if (node.Spec.HasTrait(trait))
                refused.Add(new RefusedDimension(RefusalReason.TraitForbidden, trait, 0, 0, 0));
        }

        foreach (var set in request.AnyOfTraits)
        {
            if (!HasAnyTrait(node.Spec, set))
                refused.Add(RefusedDimension.NoneOf(set));
        }

        foreach (var item in request.Amounts)
        {
            if (Test(node, item, request.UsageLimits, out var dimension) != RefusalReason.None)
                refused.Add(dimension);
        }
    }

    private static bool HasAnyTrait(NodeSpec node, ValueList<string> set)
    {
        foreach (var trait in set.Span)
        {
            if (node.HasTrait(trait))
                return true;
        }

        return false;
    }

    private static RefusalReason Test(NodeView node, ResourceAmount item, ResourceAmounts limits, out RefusedDimension dimension)
    {
        var (resourceClass, amount) = item;
        var place = node.Spec.Inventories.IndexOf(resourceClass);
        if (place < 0)
            return Refuse(RefusalReason.NoInventory, 0, 0, out dimension);

        // Compared as differences: used + amount may pass the largest long, capacity - used may not.
        var inventory = node.Spec.Inventories[place];
        var free = node.FreeAt(place);
        if (!inventory.AllowsUnit(amount))
        {
            return amount < inventory.MinUnit ? Refuse(RefusalReason.BelowMinUnit, free, inventory.MinUnit, out dimension)
                : amount > inventory.MaxUnit ? Refuse(RefusalReason.AboveMaxUnit, free, inventory.MaxUnit, out dimension)
                : Refuse(RefusalReason.NotStepMultiple, free, inventory.StepSize, out dimension);
        }

        if (amount > free)
            return Refuse(RefusalReason.CapacityExceeded, free, inventory.Capacity, out dimension);

        var limit = limits.Of(resourceClass);
        if (limit > 0 && amount > limit - node.Used[place])
            return Refuse(RefusalReason.LimitExceeded, limit - node.Used[place], limit, out dimension);

        dimension = default;
        return RefusalReason.None;

        RefusalReason Refuse(RefusalReason reason, long available, long capacity, out RefusedDimension refused)
        {
            refused = new RefusedDimension(reason, resourceClass.Name, amount, available, capacity);
            return reason;
        }
    }
}
