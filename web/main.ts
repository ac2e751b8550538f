// The page's entry point: styles, elements, and nothing else.
import './style/tokens.css';
import './style/page.css';
import './style/page-lists.css';
import './style/stage.css';
import './style/stage-containers.css';
import './style/stage-moment.css';
import './style/held-card.css';
import './style/stage-reader.css';
import './style/presenter.css';
import './views/page.ts';
