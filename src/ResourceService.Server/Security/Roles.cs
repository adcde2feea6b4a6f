namespace ResourceService.Server.Security;

/// <summary>What a caller is; a token may say more than one. What each may call stands in AccessRules.</summary>
[Flags]
internal enum Roles
{
    /// <summary>Nothing that the service knows.</summary>
    None = 0,

    /// <summary>Reads.</summary>
    Viewer = 1,

    /// <summary>The agent of one node.</summary>
    Agent = 2,

    /// <summary>Places and moves instances.</summary>
    Scheduler = 4,

    /// <summary>May do everything.</summary>
    Operator = 8,
}

/// <summary>The roles' names in tokens, errors and the contract.</summary>
internal static class RoleNames
{
    private static readonly (Roles Role, string Name)[] _names =
        [(Roles.Viewer, "viewer"), (Roles.Agent, "agent"), (Roles.Scheduler, "scheduler"), (Roles.Operator, "operator")];

    /// <summary>The role of a name; none for any other word.</summary>
    public static Roles Parse(string name)
    {
        foreach (var (role, known) in _names)
        {
            if (string.Equals(known, name, StringComparison.Ordinal))
                return role;
        }

        return Roles.None;
    }

    /// <summary>The names of roles, with commas.</summary>
    public static string Write(Roles roles) => string.Join(',', _names.Where(item => roles.HasFlag(item.Role)).Select(item => item.Name));
}
