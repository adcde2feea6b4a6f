namespace ResourceService.Ledger.Nodes;

/// <summary>
/// What owners may set of a node, decided on its view. Pure. A request is held to what it changes: what its owner set before and repeats, and what it
/// lets go of, is never refused for a limit that a report or another owner brought since.
/// </summary>
public static class FieldRules
{
    /// <summary>The most owners of a node.</summary>
    public const int OwnersMax = 16;

    // The most conflicts named in a message; the first is in the metadata.
    private const int NamedMax = 5;

    /// <summary>Replaces what an owner set before; nothing lets go of everything. The same again changes nothing.</summary>
    /// <param name="node">The node as it is.</param>
    /// <param name="fields">What the owner sets.</param>
    /// <param name="rights">What the caller may take.</param>
    /// <param name="expectedGeneration">The generation the node must have; null when it does not matter.</param>
    public static Decision Update(NodeView node, OwnedFields fields, FieldRights rights, long? expectedGeneration)
    {
        if (!node.Exists)
            return Decision.Refuse(NodeRules.NotFound(node.Id));
        if (NodeRules.RefuseStale(node, expectedGeneration) is { } stale)
            return Decision.Refuse(stale);

        var owners = node.Spec.Owners;
        var current = owners.FirstOrDefault(owner => string.Equals(owner.Owner, fields.Owner, StringComparison.Ordinal));
        if (current is null ? fields.IsEmpty : current.SetsTheSameAs(fields))
            return Decision.Unchanged;
        if (RefuseOwned(node, fields, current, rights) is { } owned)
            return Decision.Refuse(owned);

        var after = Replace(owners, fields);
        return RefuseOutcome(node, fields, current, after) is { } broken
            ? Decision.Refuse(broken)
            : Decision.Accept(new NodeFieldsChanged(fields.Time, after));
    }

    /// <summary>The owners with what one of them sets now, which is taken from the others.</summary>
    public static ValueList<OwnedFields> Replace(ValueList<OwnedFields> owners, OwnedFields fields) => ValueList.From(
        owners.Where(owner => !string.Equals(owner.Owner, fields.Owner, StringComparison.Ordinal))
            .Select(owner => owner.Without(fields))
            .Append(fields)
            .Where(owner => !owner.IsEmpty)
            .OrderBy(owner => owner.Owner, StringComparer.Ordinal));

    private static Refusal? RefuseOwned(NodeView node, OwnedFields fields, OwnedFields? current, FieldRights rights)
    {
        if (current is not null && rights.OnlyOf is not null && !string.Equals(current.Actor, rights.OnlyOf, StringComparison.Ordinal))
        {
            return Owned(
                "owner", current, $"The fields of owner {current.Owner} on node {node.Id} were set by {current.Actor}: an agent changes only what it set itself.");
        }

        var conflicts = node.Spec.Owners
            .Where(owner => owner != current && !(rights.Force && (rights.OnlyOf is null || string.Equals(owner.Actor, rights.OnlyOf, StringComparison.Ordinal))))
            .SelectMany(owner => fields.ConflictsWith(owner).Select(field => (Field: field, Owner: owner)))
            .ToList();
        if (conflicts.Count == 0)
            return null;
        var named = string.Join(", ", conflicts.Take(NamedMax).Select(conflict => $"{conflict.Field} by {conflict.Owner.Owner}"));
        var more = conflicts.Count > NamedMax ? $" and {conflicts.Count - NamedMax} more" : "";
        return Owned(
            conflicts[0].Field, conflicts[0].Owner,
            $"Other owners set the same of node {node.Id}: {named}{more}. {(rights.Force ? "An agent takes over only what it set itself." : "Leave it to them, or take it over with force.")}");
    }

    private static Refusal Owned(string field, OwnedFields owner, string message) => new(RefusalKind.FieldOwned, message)
    {
        Metadata = [KeyValuePair.Create("field", field), KeyValuePair.Create("owner", owner.Owner)],
    };

    private static Refusal? RefuseOutcome(NodeView node, OwnedFields fields, OwnedFields? current, ValueList<OwnedFields> after)
    {
        if (after.Count > Math.Max(OwnersMax, node.Spec.Owners.Count))
            return Broken(node, "owner", $"{after.Count} owners would set something of it; at most {OwnersMax} can");

        var outcome = FieldOverlay.Of(node.Spec.Reported, after);
        foreach (var limit in FieldOverlay.Limits(node.Spec.Reported, after))
        {
            var changed = fields.Of(limit.Class).DifferentFrom(current?.Of(limit.Class) ?? InventoryFields.None) & limit.Involved;
            if (changed != InventoryField.None)
                return Broken(node, InventoryFieldNames.Of(limit.Class, changed).First(), limit.Reason);
        }

        return RefuseMany(node, "inventories", node.Spec.Inventories.Count, outcome.Inventories.Count, NodeSpec.ClassesMax)
            ?? RefuseMany(node, "traits", node.Spec.Traits.Count, outcome.Traits.Count, NodeSpec.TraitsMax)
            ?? RefuseMany(node, "labels", node.Spec.Labels.Count, outcome.Labels.Count, NodeSpec.LabelsMax)
            ?? NodeRules.RefuseInUse(node, outcome.Inventories);
    }

    // Above its bound a node may be by its agent's report; then no owner adds to it, and each may let go of some.
    private static Refusal? RefuseMany(NodeView node, string field, int before, int after, int most) =>
        after > Math.Max(before, most) ? Broken(node, field, $"it would have {after} {field} in all; at most {most} are allowed") : null;

    private static Refusal Broken(NodeView node, string field, string reason) => new(
        RefusalKind.OutcomeInvalid, $"{field} cannot be set so on node {node.Id}, with what it reports and others set: {reason}.")
    {
        Metadata = [KeyValuePair.Create("field", field)],
    };
}

/// <summary>What a caller may take of what others set.</summary>
/// <param name="Force">Whether it takes over what other owners set.</param>
/// <param name="OnlyOf">The caller, where it may change and take over only what it set itself; null when it may everything.</param>
public readonly record struct FieldRights(bool Force, string? OnlyOf);
