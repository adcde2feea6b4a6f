using System.CommandLine;
using System.Globalization;
using ResourceService.Load.Driving;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Commands;

/// <summary>Options of the commands that make nodes and claims up.</summary>
internal sealed class FleetOptions
{
    private readonly Option<int> _nodes;

    private readonly Option<string> _prefix = new("--node-prefix")
    {
        Description = "Start of the names of the nodes; a number of six digits follows.",
        DefaultValueFactory = _ => "load-",
    };

    private readonly Option<long> _capacity = new("--node-capacity")
    {
        Description = "Units of each resource class on each node. The default is so much that nothing is refused.",
        DefaultValueFactory = _ => 2_000_000_000,
    };

    private readonly Option<string> _resources = new("--resources")
    {
        Description = "What each claim takes.",
        DefaultValueFactory = _ => "VCPU=2,MEMORY_MB=2048",
    };

    private readonly Option<bool> _anywhere = new("--anywhere")
    {
        Description = "Claims name no node: the server chooses the best.",
    };

    private readonly Option<int> _seed = new("--seed")
    {
        Description = "Seed of the choice of nodes. Request and instance ids differ from run to run all the same.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _prefill = new("--prefill")
    {
        Description = "Claims to make before anything is measured.",
        DefaultValueFactory = _ => 0,
    };

    private readonly bool _hasPrefill;

    public FleetOptions(int defaultNodeCount, bool hasPrefill)
    {
        _hasPrefill = hasPrefill;
        _nodes = new Option<int>("--nodes")
        {
            Description = "Nodes to register and to claim on, at random.",
            DefaultValueFactory = _ => defaultNodeCount,
        };
        _nodes.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > NodeNames.CountMax)
            {
                result.AddError($"--nodes must be between 1 and {NodeNames.CountMax}.");
            }
        });
    }

    public void AddTo(Command command)
    {
        command.Add(_nodes);
        command.Add(_prefix);
        command.Add(_capacity);
        command.Add(_resources);
        command.Add(_anywhere);
        command.Add(_seed);
        if (_hasPrefill)
        {
            command.Add(_prefill);
        }
    }

    public int ReadSeed(ParseResult arguments) => arguments.GetValue(_seed);

    public FleetSettings Read(ParseResult arguments) => new()
    {
        NodePrefix = arguments.GetRequiredValue(_prefix),
        NodeCount = arguments.GetValue(_nodes),
        NodeCapacity = arguments.GetValue(_capacity),
        Resources = ParseResources(arguments.GetRequiredValue(_resources)),
        Anywhere = arguments.GetValue(_anywhere),
        PrefillCount = _hasPrefill ? arguments.GetValue(_prefill) : 0,
    };

    private static Dictionary<string, long> ParseResources(string text) => text
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(pair => pair.Split('='))
        .ToDictionary(pair => pair[0], pair => long.Parse(pair[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
