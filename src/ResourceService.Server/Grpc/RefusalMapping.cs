using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Claims;
using ResourceService.Storage;

namespace ResourceService.Server.Grpc;

/// <summary>From the ledger's refused dimensions to the contract's.</summary>
internal static class RefusalMapping
{
    /// <summary>The most dimensions told of one node; more would only repeat.</summary>
    public const int DimensionsMax = 32;

    /// <summary>A refusal as it was kept.</summary>
    /// <param name="refusal">The refusal.</param>
    /// <param name="onlyNode">The node that the caller may know of; null for all.</param>
    public static V1.RefusedClaim ToContract(RefusalRecord refusal, string? onlyNode)
    {
        var refused = V1.RefusedClaim.Parser.ParseFrom(refusal.Body);
        if (onlyNode is null)
            return refused;
        var own = refused.Refusals.Where(each => each.NodeId == onlyNode).ToList();
        refused.Refusals.Clear();
        refused.Refusals.Add(own);
        refused.NodeIds.Clear();
        refused.NodeIds.Add(onlyNode);
        refused.Filter = null;
        refused.Summary = null;
        if (refused.NamedNodeCount > 1)
            refused.Message = "";
        return refused;
    }

    /// <summary>A node that refuses a request which it could nearly take.</summary>
    public static V1.NearMiss ToContract(NearMiss miss) => new()
    {
        NodeId = miss.Node.Id.Value,
        Generation = miss.Node.Generation,
        Dimensions = { miss.Dimensions.Take(DimensionsMax).Select(ToContract) },
    };

    /// <summary>One thing that a request lacks on a node.</summary>
    public static V1.RefusedDimension ToContract(RefusedDimension dimension)
    {
        var message = new V1.RefusedDimension
        {
            Reason = ToContract(dimension.Reason),
            Requested = dimension.Requested,
            Available = dimension.Available,
            Capacity = dimension.Capacity,
            Detail = dimension.ToString(),
        };
        switch (dimension.Reason.SubjectKind())
        {
            case RefusalSubject.Trait:
                message.Trait = dimension.Subject;
                break;
            case RefusalSubject.DeviceRequest:
                message.DeviceRequest = dimension.Subject;
                break;
            case RefusalSubject.ResourceClass:
                message.ResourceClass = dimension.Subject;
                break;
        }

        if (dimension.HostCellId is { } hostCell)
            message.NumaCellId = hostCell;
        if (dimension.RequestCell is { } requestCell)
            message.RequestCellIndex = requestCell;
        return message;
    }

    /// <summary>The contract's name of a refusal reason.</summary>
    public static V1.RefusalReason ToContract(RefusalReason reason) => reason switch
    {
        RefusalReason.NodeNotEnabled => V1.RefusalReason.NodeNotEnabled,
        RefusalReason.NodeFiltered => V1.RefusalReason.NodeFiltered,
        RefusalReason.TraitMissing => V1.RefusalReason.TraitMissing,
        RefusalReason.TraitForbidden => V1.RefusalReason.TraitForbidden,
        RefusalReason.NoInventory => V1.RefusalReason.ClassNotInInventory,
        RefusalReason.BelowMinUnit => V1.RefusalReason.BelowMinUnit,
        RefusalReason.AboveMaxUnit => V1.RefusalReason.AboveMaxUnit,
        RefusalReason.NotStepMultiple => V1.RefusalReason.StepSizeMismatch,
        RefusalReason.LimitExceeded => V1.RefusalReason.LimitExceeded,
        RefusalReason.CapacityExceeded => V1.RefusalReason.CapacityExceeded,
        RefusalReason.NumaTopologyMissing => V1.RefusalReason.NumaTopologyMissing,
        RefusalReason.NumaCellsTooFew => V1.RefusalReason.NumaCellsTooFew,
        RefusalReason.NumaCellsNotCombinable => V1.RefusalReason.NumaCellsNotCombinable,
        RefusalReason.NumaMemoryExceeded => V1.RefusalReason.NumaMemoryExceeded,
        RefusalReason.NumaPagesExceeded => V1.RefusalReason.NumaPagesExceeded,
        RefusalReason.NumaPageSizeUnavailable => V1.RefusalReason.NumaPageSizeUnavailable,
        RefusalReason.NumaSharedCpusExceeded => V1.RefusalReason.NumaSharedCpusExceeded,
        RefusalReason.NumaDedicatedCpusExceeded => V1.RefusalReason.NumaDedicatedCpusExceeded,
        RefusalReason.NumaThreadPolicyUnmet => V1.RefusalReason.NumaThreadPolicyUnmet,
        RefusalReason.NumaCpuRatioExceeded => V1.RefusalReason.NumaCpuRatioExceeded,
        RefusalReason.NumaRamRatioExceeded => V1.RefusalReason.NumaRamRatioExceeded,
        RefusalReason.NumaPageSizeChanged => V1.RefusalReason.NumaPageSizeChanged,
        RefusalReason.DeviceNotMatched => V1.RefusalReason.DeviceNotMatched,
        RefusalReason.DeviceCountExceeded => V1.RefusalReason.DeviceCountExceeded,
        RefusalReason.DeviceNumaPolicyUnmet => V1.RefusalReason.DeviceNumaPolicyUnmet,
        RefusalReason.DeviceSocketUnknown => V1.RefusalReason.DeviceSocketUnknown,
        RefusalReason.DeviceTypeNotRequested => V1.RefusalReason.DeviceTypeNotRequested,
        RefusalReason.DevicesNotCombinable => V1.RefusalReason.DevicesNotCombinable,
        RefusalReason.SearchLimit => V1.RefusalReason.SearchLimit,
        RefusalReason.AnyOfTraitsMissing => V1.RefusalReason.AnyOfTraitsMissing,
        _ => V1.RefusalReason.Unspecified,
    };
}
