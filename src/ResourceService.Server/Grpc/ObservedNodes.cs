using ResourceService.Ledger;
using ResourceService.Ledger.Audits;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Reads what an agent saw on its host, checking every field. What breaks a rule of the message is a violation; what is merely odd about the host is not.
/// </summary>
internal static class ObservedNodes
{
    private const int InstancesMax = 10_000;
    private const int ScopesMax = 16;

    /// <summary>The report; meaningless after a violation. When it was taken is filled in once it is known when the request is carried out.</summary>
    /// <param name="message">The request.</param>
    /// <param name="heals">Whether the ledger is corrected by it.</param>
    /// <param name="violations">What broke a rule.</param>
    public static Func<Instant, ObservedNode> Read(V1.AuditNodeRequest message, bool heals, FieldViolations violations)
    {
        // No registered node has generation 0, and a picture of unknown age would say of everything that it may be newer.
        if (message.ObservedGeneration == 0)
            violations.Add("observed_generation", "must be set: to the node's generation, read before the picture was taken");
        else
            violations.Between("observed_generation", message.ObservedGeneration, 1, long.MaxValue);
        var time = violations.Time("observe_time", message.ObserveTime);
        var scopes = ReadScopes(message, heals, violations);
        violations.CountAtMost("instances", message.Instances.Count, InstancesMax);
        violations.CountAtMost("devices", message.Devices.Count, NodeSpecs.DevicesMax);
        if (message.NumaTopology is { Cells.Count: 0 })
            violations.Add("numa_topology.cells", "must have at least one cell");
        if (!violations.None)
            return static _ => throw new InvariantBrokenException("Broken invariant: a report that broke a rule is not carried out.");

        var instances = ObservedInstances.Read(message.Instances, scopes.HasFlag(AuditScopes.Instances), violations);
        var host = new ObservedHosts(scopes);
        var inventories = host.Inventories(message.Inventories);
        var numa = message.NumaTopology is null ? null : host.Topology(message.NumaTopology);
        var devices = host.Devices(message.Devices);
        return now => new ObservedNode(message.ObservedGeneration, time ?? now, host.Scopes, inventories, numa, devices, instances)
        {
            Unreadable = host.Unreadable,
        };
    }

    private static AuditScopes ReadScopes(V1.AuditNodeRequest message, bool heals, FieldViolations violations)
    {
        // What is missing from a complete part is released or unregistered: nobody is to say so by leaving something out.
        if (heals && message.Scopes.Count == 0)
            violations.Add("scopes", "must be set when the mode is HEAL: to the parts that the report covers completely");
        violations.CountAtMost("scopes", message.Scopes.Count, ScopesMax);
        if (message.Scopes.Count > 0)
        {
            return message.Scopes.Take(ScopesMax)
                .Select((scope, i) => ToLedger(violations.Enum($"scopes[{i}]", scope, required: true)))
                .Aggregate(AuditScopes.None, (all, scope) => all | scope);
        }

        return AuditScopes.Instances
            | (message.Inventories.Count > 0 ? AuditScopes.Inventories : AuditScopes.None)
            | (message.NumaTopology is not null ? AuditScopes.NumaTopology : AuditScopes.None)
            | (message.Devices.Count > 0 ? AuditScopes.Devices : AuditScopes.None);
    }

    private static AuditScopes ToLedger(V1.AuditScope scope) => scope switch
    {
        V1.AuditScope.Inventories => AuditScopes.Inventories,
        V1.AuditScope.NumaTopology => AuditScopes.NumaTopology,
        V1.AuditScope.Devices => AuditScopes.Devices,
        V1.AuditScope.Instances => AuditScopes.Instances,
        _ => AuditScopes.None,
    };
}
