"""What GitHub and Bitbucket are asked about a token, how, and where a ServerUrl may lead."""
